"""Search by what a person has at hand."""

from __future__ import annotations

import pytest

from purveyor.core.access import SYSTEM
from purveyor.store.db import Database
from purveyor.store.search import search
from tests.app.supplier_world import a_world, an_issued_order, shipped

pytestmark = pytest.mark.postgres


def test_a_tracking_number_finds_the_order_that_is_on_the_way(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    shipped(database, order, "12", tracking="1Z999AA10123456784")

    with database.read(SYSTEM) as tx:
        found = search(tx, "1z999aa1012")
        nothing = search(tx, "  ")

    assert [(hit.kind, hit.code) for hit in found] == [("order", order.order_ref)]
    assert nothing == []
