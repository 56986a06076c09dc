"""``purveyor secret``: passwords and tokens of outside systems, stored encrypted; a value is never shown again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured

app = typer.Typer(no_args_is_help=True, help="Encrypted passwords and tokens of outside systems.")

SecretName = Annotated[str, typer.Argument(help="Name as the connections file uses it, for example 'erp.tryton'.")]


@app.command("set")
def set_secret(name: SecretName, config: ConfigFile = None) -> None:
    """Store a secret read from standard input (or asked for); it replaces the one of that name."""
    from purveyor.cli.key_file import named
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import InvalidInput
    from purveyor.store import vault
    from purveyor.store.launch import open_database

    with configured(config) as settings:
        keys = vault.read_key_file(named(settings))
        value = typer.prompt("Value", hide_input=True) if sys.stdin.isatty() else sys.stdin.read().strip()
        if not value:
            raise InvalidInput(field="value", reason="a secret cannot be empty")
        with open_database(settings) as database, database.transaction(SYSTEM, source="command line") as tx:
            vault.put(tx, keys, name, value)
    typer.echo(f"{name} is stored, locked with key {keys.current}.")


@app.command("list")
def list_secrets(config: ConfigFile = None) -> None:
    """List the names of stored secrets, the id of the key that opens each, and when it was set."""
    from purveyor.core.access import SYSTEM
    from purveyor.store import vault
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.read(SYSTEM) as tx:
        for mark in vault.listed(tx):
            typer.echo(f"{mark.name:<32} key {mark.key_id}  set {mark.changed_at:%Y-%m-%d %H:%M} UTC")


@app.command()
def remove(name: SecretName, config: ConfigFile = None) -> None:
    """Forget a stored secret."""
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import NotFound
    from purveyor.store import vault
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        if not vault.remove(tx, name):
            raise NotFound(secret=name)
    typer.echo("Removed.")
