"""``purveyor map-codes``: say which of our records an ERP's codes stand for, from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured


def map_codes(
    erp: Annotated[str, typer.Argument(help="The ERP's name in the connections file.")],
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with the columns entity, their_code and our_code.", exists=True)],
    config: ConfigFile = None,
) -> None:
    """Map codes of an ERP to suppliers, items, sites, units and business units that are known here.

    Best done before the ERP is read for the first time: a supplier or item whose code nobody mapped becomes a new one. All rows
    are taken, or none.
    """
    from rich.console import Console

    from purveyor.app.own_codes import CodePair, map_table
    from purveyor.connectors.tables import UnreadableTable, read_table
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import InvalidInput
    from purveyor.core.ids import ErpInstance
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database:
        try:
            table = read_table(file.name, file.read_bytes())
        except UnreadableTable as error:
            raise InvalidInput(field="file", reason=error.message) from error
        rows = [{heading.lower(): str(cell or "") for heading, cell in row.cells.items()} for row in table.rows]
        pairs = [CodePair(row.get("entity", ""), row.get("their_code", ""), row.get("our_code", "")) for row in rows]
        with database.transaction(SYSTEM, source="cli") as tx:
            map_table(tx, ErpInstance(erp), pairs)
    Console().print(f"{len(pairs)} codes of {erp} are mapped.")
