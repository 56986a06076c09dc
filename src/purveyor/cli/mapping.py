"""``purveyor mapping``: hold what each connected ERP gives against the canonical model."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured, stored_secrets


def mapping(
    config: ConfigFile = None,
    erp: Annotated[str | None, typer.Option("--erp", help="Only this ERP of the connections file.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="List mapped fields too.")] = False,
) -> None:
    """List for every connected ERP which fields of the canonical model are mapped, defaulted and missing.

    Ends with 1 when a mandatory field is missing or an ERP cannot be asked.
    """
    from rich.console import Console
    from rich.table import Table

    from purveyor.connectors.contract import ConnectorError
    from purveyor.connectors.erp.mapping import Given, check_mapping
    from purveyor.worker.connections import load_connections

    console = Console(soft_wrap=True)
    failed = False
    with configured(config) as settings:
        for instance, connection in load_connections(settings, stored_secrets(settings)).erps.items():
            if erp not in (None, instance):
                continue
            try:
                checked = check_mapping(connection.connector.sources)
            except ConnectorError as error:
                console.print(f"{instance}: {error.message}", style="red", markup=False)
                failed = True
                continue
            counts = ", ".join(f"{sum(one.given is given for one in checked)} {given}" for given in Given)
            console.print(f"{instance}: {counts}", markup=False)
            table = Table("entity", "field", "given", "from")
            for one in checked:
                if everything or one.given is not Given.MAPPED:
                    word = f"{one.given}, mandatory" if one.fails else one.given.value
                    table.add_row(one.field.entity, one.field.name, word, one.where, style="red" if one.fails else None)
            console.print(table)
            failed = failed or any(one.fails for one in checked)
    if failed:
        raise typer.Exit(1)
