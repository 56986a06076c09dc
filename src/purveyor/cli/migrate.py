"""``purveyor migrate``: bring the database to the newest revision."""

from __future__ import annotations

import typer

from purveyor.cli.console import ConfigFile, configured


def migrate(config: ConfigFile = None) -> None:
    """Bring the database schema to the revision this version needs (external databases: with DATABASE_OWNER_URL)."""
    from purveyor.store.launch import located, run_migrations
    from purveyor.store.migrations import head_revision

    with configured(config) as settings, located(settings) as addresses:
        run_migrations(addresses)
    typer.echo(f"The schema is at revision {head_revision()}.")
