"""Documents that carry their sender's number: one row for each number and revision, whichever order it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.acknowledge import DocumentChanged
from purveyor.store.db import Tx


def add_numbered(tx: Tx, table: Table, row: Mapping[str, Any]) -> None:
    """Keep a document that its own order does not know; raise DocumentChanged when one about another order has its number."""
    adding = insert(table).values(**row).on_conflict_do_nothing(index_elements=["source", "external_id", "revision"])
    if tx.conn.execute(adding, execution_options={"preserve_rowcount": True}).rowcount != 1:
        raise DocumentChanged(external_id=row["external_id"], revision=row["revision"])
