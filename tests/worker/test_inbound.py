"""Reading an ERP: what comes in at an awkward moment, and feeds that fail beside feeds that do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.erp_records import Entity
from purveyor.core.lifecycle import Status
from purveyor.store.db import Database
from purveyor.worker.connections import ErpConnection
from purveyor.worker.inbound import find_deleted
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line
from tests.order_builders import ERP

pytestmark = pytest.mark.postgres


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


class SlowList(MemoryErp):
    """An ERP whose list of orders takes so long that other things happen before we have it in hand."""

    meanwhile: Callable[[], object]

    def reconcile(self, entity: Entity) -> frozenset[str]:
        listed = super().reconcile(entity)
        self.meanwhile()
        return listed


def test_a_draft_that_comes_in_while_the_erp_lists_its_orders_is_not_taken_for_deleted(company: Company) -> None:
    (gone,) = company.takes_in(a_draft("100"))
    company.erp.ledger.delete(Entity.ORDER, "100")
    slow = SlowList(ledger=company.erp.ledger)
    slow.meanwhile = lambda: company.takes_in(a_draft("101", a_draft_line(2)))

    find_deleted(company.database, ErpConnection(ERP, slow, "PUMPCO"))

    assert company.order("101").status is Status.APPROVED
    assert company.now(gone).status is Status.CANCELLED
