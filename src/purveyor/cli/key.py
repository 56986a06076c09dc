"""``purveyor key``: programs that may use the API, and their keys; a key is shown once, when it is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured
from purveyor.core.access import Permission
from purveyor.core.ids import ClientId
from purveyor.store.db import Tx

app = typer.Typer(no_args_is_help=True, help="Programs that may use the API, and their keys.")

ClientName = Annotated[str, typer.Argument(help="Name of the program, for example 'Dayton warehouse system'.")]


@app.command()
def create(
    name: ClientName,
    scope: Annotated[list[Permission], typer.Option(help="What the key may do; give the option once for each scope.")],
    supplier: Annotated[str | None, typer.Option(help="Code of the supplier the program works for.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="Code of a business unit the program works for.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until the key expires; never when left out.")] = None,
    config: ConfigFile = None,
) -> None:
    """Make a key and print it. An unknown program is added, for one supplier or for business units; a known one gets one more."""
    from purveyor.core.access import SYSTEM
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        known = next((client.id for client in logins.clients(tx) if client.name == name), None)
        client = known or _add(tx, name, supplier, unit or [])
        expires_at = None if days is None else tx.real_now + timedelta(days=days)
        key = logins.issue_key(tx, client, scope, expires_at=expires_at)
    typer.echo(key)
    typer.secho("Keep it now; it is not shown again.", err=True)


@app.command("list")
def list_keys(config: ConfigFile = None) -> None:
    """List programs and what may be shown of their keys."""
    from purveyor.core.access import SYSTEM
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.read(SYSTEM) as tx:
        for client in logins.clients(tx):
            typer.echo(client.name)
            for key in logins.keys_of(tx, client.id):
                state = (
                    "revoked" if key.revoked_at else "expired" if key.expires_at and key.expires_at <= tx.real_now else "valid"
                )
                until = f" until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
                typer.echo(f"  {key.prefix}...  {state}{until}  {', '.join(grant.value for grant in key.grants)}")


@app.command()
def revoke(
    name: ClientName,
    prefix: Annotated[
        str | None, typer.Option(help="Beginning of one key, as the list shows it; all keys when left out.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Revoke one key of a program, or all of them, at once."""
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import NotFound
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        client = next((client.id for client in logins.clients(tx) if client.name == name), None)
        if client is None:
            raise NotFound(program=name)
        if prefix is None:
            logins.revoke_keys(tx, client)
        elif not logins.revoke_key(tx, client, prefix):
            raise NotFound(program=name, key=prefix)
    typer.echo("Revoked.")


def _add(tx: Tx, name: str, supplier: str | None, units: list[str]) -> ClientId:
    from purveyor.cli.codes import unit_ids
    from purveyor.core.errors import InvalidInput, NotFound
    from purveyor.core.ids import SupplierId
    from purveyor.store import logins, masters

    if (supplier is None) == (not units):
        raise InvalidInput(field="supplier", reason="a new program works for one supplier or for business units: name them")
    if supplier is None:
        return logins.add_client(tx, name, units=unit_ids(tx, units))
    found = masters.ids_by_code(tx, "supplier", [supplier])
    if supplier not in found:
        raise NotFound(supplier=supplier)
    return logins.add_client(tx, name, supplier_id=SupplierId(found[supplier]))
