"""``purveyor policy``: load policy tables from files and list what is in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured

app = typer.Typer(no_args_is_help=True, help="Load policy tables and list what is in force.")


@app.command()
def load(
    author: Annotated[str, typer.Option(help="Person key of who wrote the tables.")],
    publisher: Annotated[str, typer.Option(help="Person key of who publishes them; another person than the author.")],
    folder: Annotated[Path | None, typer.Argument(help="Folder with TOML files; the configured one when left out.")] = None,
    config: ConfigFile = None,
) -> None:
    """Read, prove and publish every table of a folder; a wrong file names its row and cell, and nothing is loaded."""
    from purveyor.app import policy
    from purveyor.core.access import SYSTEM
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database:
        files = {file.name: file.read_text("utf-8") for file in sorted((folder or settings.policies_dir).glob("*.toml"))}
        with database.transaction(SYSTEM, source="command line") as tx:
            policy.load(tx, policy.LoadPolicies(files, author=author, publisher=publisher))
            policy_set = policy.current(tx).hash
    typer.echo(f"{len(files)} tables are in force as policy set {policy_set[:12]}.")


@app.command("list")
def list_tables(config: ConfigFile = None) -> None:
    """List the tables in force with their versions and the two people behind each."""
    from purveyor.core.access import SYSTEM
    from purveyor.store.launch import open_database
    from purveyor.store.policies import in_force

    with configured(config) as settings, open_database(settings) as database, database.read(SYSTEM) as tx:
        for published in in_force(tx, tx.now).values():
            names = f"{published.author}, published by {published.publisher}"
            since = f"{published.effective_from:%Y-%m-%d %H:%M} UTC"
            typer.echo(f"{published.table:<24} {published.version[:12]}  since {since}  by {names}")
