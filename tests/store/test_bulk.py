"""Loading many rows writes what is new or different and nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import errors
from sqlalchemy import func, select

from purveyor.core.access import SYSTEM
from purveyor.store import bulk, events
from purveyor.store.db import Database, Tx
from purveyor.store.tables.flow import TIMER, XREF
from purveyor.store.tables.log import EVENT_REF
from purveyor.store.tables.parties import BUSINESS_UNIT
from tests.store.builders import a_business_unit, a_buyer, counted


def codes(*external: str) -> list[dict[str, Any]]:
    return [{"erp_instance": "tryton", "entity": "item", "external_id": code, "internal_id": uuid4()} for code in external]


KEY = ("erp_instance", "entity", "external_id")


def test_new_rows_are_inserted_changed_ones_updated_and_equal_ones_left_alone(tx: Tx) -> None:
    rows = codes("A", "B", "C")
    assert bulk.merge(tx, XREF, rows, key=KEY) == 3

    rows[1]["internal_id"] = uuid4()

    assert bulk.merge(tx, XREF, [*rows, *codes("D")], key=KEY) == 2
    assert bulk.merge(tx, XREF, rows, key=KEY) == 0
    assert tx.conn.execute(select(func.count()).select_from(XREF)).scalar_one() == 4


def test_nothing_to_load_writes_nothing(tx: Tx) -> None:
    assert bulk.merge(tx, XREF, [], key=KEY) == 0


def test_rows_that_are_nothing_but_their_key_are_added_once(tx: Tx) -> None:
    event = events.append(tx, [counted(uuid4())])[0]
    rows = [{"ref_type": "order", "ref_id": uuid4(), "event_id": event}]

    assert bulk.merge(tx, EVENT_REF, rows, key=("ref_type", "ref_id", "event_id")) == 1
    assert bulk.merge(tx, EVENT_REF, rows, key=("ref_type", "ref_id", "event_id")) == 0


def test_json_columns_keep_their_content(tx: Tx) -> None:
    def a_timer(subject: UUID) -> dict[str, Any]:
        return {
            "id": uuid4(),
            "kind": "remind",
            "subject_type": "order",
            "subject_id": subject,
            "due_at": tx.now,
            "generation": 1,
            "payload": {"step": "7", "word": 'he said "no"'},
        }

    row = a_timer(uuid4())

    bulk.merge(tx, TIMER, [row], key=("id",))

    assert tx.conn.execute(select(TIMER.c.payload)).scalar_one() == row["payload"]


def test_loading_is_bound_by_row_security(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        ours = a_business_unit(tx, "OURS")
    theirs = {"id": uuid4(), "code": "THEIRS", "name": "Theirs", "currency": "USD", "country": "US"}

    with (
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
        database.transaction(a_buyer(uuid4(), ours)) as tx,
    ):
        bulk.merge(tx, BUSINESS_UNIT, [theirs], key=("id",))
