"""``purveyor pull``: read the ERPs once, now."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured


def pull(
    config: ConfigFile = None,
    erp: Annotated[str | None, typer.Option("--erp", help="Only this ERP of the connections file.")] = None,
    masters_only: Annotated[bool, typer.Option("--masters-only", help="Read master data and stock, but no orders.")] = False,
) -> None:
    """Read master data, stock and orders from every connected ERP, and say how many records came.

    What cannot be read is named and does not keep the rest from being read; the command then ends with 1. Rows of files that
    wait for correction are listed, and do not count as a failure.
    """
    from rich.console import Console

    from purveyor.core.erp_records import Entity
    from purveyor.store.launch import open_database
    from purveyor.worker.connections import load_connections
    from purveyor.worker.inbound import PULLED, read_noting
    from purveyor.worker.stored_secrets import reader

    console = Console()
    wanted = [entity for entity in PULLED if not (masters_only and entity is Entity.ORDER)]
    failed = False
    with configured(config) as settings, open_database(settings) as database:
        for instance, connection in load_connections(settings, reader(database, settings)).erps.items():
            if erp not in (None, instance):
                continue
            for entity in wanted:
                with console.status(f"{instance}: reading {entity}"):
                    reading = read_noting(database, connection, entity)
                if reading.error is None:
                    console.print(f"{instance}: {reading.came} x {entity}")
                else:
                    failed = True
                    console.print(f"{instance}: {entity} could not be read: {reading.error}", style="red", markup=False)
            for problem in connection.connector.health().problems:
                console.print(f"{instance}: {problem}", style="yellow", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)
