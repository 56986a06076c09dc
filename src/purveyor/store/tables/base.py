"""The metadata all tables share: names of constraints, column types, and the helper that makes protection explicit."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, DateTime, MetaData, Numeric, Table, Text, Uuid
from sqlalchemy.schema import SchemaItem

from purveyor.store.row_security import Security

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)


def table(name: str, *items: SchemaItem, security: Security) -> Table:
    """Declare a table together with its protection; a table without ``security`` cannot be declared."""
    return Table(name, METADATA, *items, info={"security": security})


def id_column() -> Column[Any]:
    """The primary key every document has: a UUIDv7 made by the transaction."""
    return Column("id", Uuid, primary_key=True)


def moment(name: str, *, nullable: bool = False) -> Column[Any]:
    """A point in time, stored in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def text(name: str, *, nullable: bool = False) -> Column[Any]:
    """Text of any length."""
    return Column(name, Text, nullable=nullable)


def reference(name: str, *, nullable: bool = False) -> Column[Any]:
    """The id of something kept in another table."""
    return Column(name, Uuid, nullable=nullable)


def quantity(name: str, *, nullable: bool = False) -> Column[Any]:
    """An exact decimal: a quantity, price or amount; never a binary float."""
    return Column(name, Numeric, nullable=nullable)
