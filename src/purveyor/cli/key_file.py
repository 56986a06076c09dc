"""``purveyor key-file``: the master key that opens the stored secrets; it lives in a file, never in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured
from purveyor.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The master key file that opens stored secrets.")


@app.command()
def create(config: ConfigFile = None) -> None:
    """Make the key file that the setting master_key_file names; refused when it exists already."""
    from purveyor.store.vault import MasterKeys, UnusableKeyFile, write_key_file

    with configured(config) as settings:
        file = named(settings)
        if file.exists():
            raise UnusableKeyFile(file=str(file), reason="it exists already; use `purveyor key-file rotate`")
        keys = MasterKeys({}).with_new_key()
        write_key_file(file, keys)
    typer.echo(f"{file} holds key {keys.current}.")
    typer.secho("Copy it to every machine with a worker and to a safe place apart from the backups.", err=True)


@app.command()
def rotate(
    config: ConfigFile = None,
    forget_old: Annotated[
        bool, typer.Option("--forget-old", help="Also drop keys that no stored secret needs; older backups then stay locked.")
    ] = False,
) -> None:
    """Add a fresh key to the file and lock every stored secret's own key with it; the secrets themselves do not change."""
    from purveyor.core.access import SYSTEM
    from purveyor.store import vault
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database:
        file = named(settings)
        old = vault.read_key_file(file)
        with database.read(SYSTEM) as tx:
            vault.check(tx, old)
        # The file first: should the second step not happen, every secret still opens with what the file holds.
        keys = old.with_new_key()
        vault.write_key_file(file, keys)
        with database.transaction(SYSTEM, source="command line") as tx:
            wrapped = vault.wrap_again(tx, keys)
            needed = {mark.key_id for mark in vault.listed(tx)}
        if forget_old:
            keys = keys.only(needed)
            vault.write_key_file(file, keys)
    typer.echo(f"{wrapped} secrets are locked with key {keys.current} now; {file} holds {len(keys.keys)} keys.")
    typer.secho("Copy the file to every machine with a worker before its next start.", err=True)


def named(settings: Settings) -> Path:
    """Return the key file of the settings; raise InvalidSettings when there is none."""
    from purveyor.settings import InvalidSettings

    if settings.master_key_file is None:
        raise InvalidSettings(setting="master_key_file", reason="name the file that holds the master key")
    return settings.master_key_file
