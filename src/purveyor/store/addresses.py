"""Addresses of databases: the same Postgres URL, written for SQLAlchemy and for the driver itself."""

from __future__ import annotations

from sqlalchemy import URL, make_url


def driver_address(url: str) -> URL:
    """Return the address for SQLAlchemy with psycopg 3, whatever Postgres spelling the operator used."""
    return make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")


def plain_address(url: str) -> str:
    """Return the address as the driver itself reads it, password included."""
    return driver_address(url).set(drivername="postgresql").render_as_string(hide_password=False)
