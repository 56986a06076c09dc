"""``purveyor pull``: read the ERPs once, now."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured


def pull(
    config: ConfigFile = None,
    masters_only: Annotated[bool, typer.Option("--masters-only", help="Read master data and stock, but no orders.")] = False,
) -> None:
    """Read master data, stock and orders from every connected ERP, and say how many records came."""
    from rich.console import Console

    from purveyor.connectors.contract import ConnectorError
    from purveyor.core.erp_records import Entity
    from purveyor.store.launch import open_database
    from purveyor.worker.connections import load_connections
    from purveyor.worker.inbound import PULLED, read_feed

    console = Console()
    wanted = [entity for entity in PULLED if not (masters_only and entity is Entity.ORDER)]
    with configured(config) as settings, open_database(settings) as database:
        for instance, connection in load_connections(settings).erps.items():
            for entity in wanted:
                with console.status(f"{instance}: reading {entity}"):
                    try:
                        came = read_feed(database, connection, entity)
                    except ConnectorError as error:
                        console.print(f"[red]{instance}: {error.message}[/red]")
                        raise typer.Exit(1) from error
                console.print(f"{instance}: {came} x {entity}")
