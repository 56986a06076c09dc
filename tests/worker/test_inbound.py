"""Reading an ERP: what comes in at an awkward moment, and feeds that fail beside feeds that do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from purveyor.connectors.contract import PermanentError
from purveyor.connectors.erp.contract import Cursor, Page
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import Entity
from purveyor.core.lifecycle import Status
from purveyor.store import feeds
from purveyor.store.db import Database
from purveyor.store.jobs import Job
from purveyor.worker.connections import Connections, ErpConnection
from purveyor.worker.inbound import PULLED, Inbound, find_deleted
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


class PartlyBroken(MemoryErp):
    """An ERP that cannot be read in one place, in a way of its own."""

    broken: Entity | None = None
    error: Exception = PermanentError("The account may not read this.")

    def pull(self, entity: Entity, cursor: Cursor, limit: int = 500) -> Page:
        if entity is self.broken:
            raise self.error
        return super().pull(entity, cursor, limit)


def pulls(company: Company, erp: MemoryErp, **payload: str) -> None:
    """The reading job runs against this ERP."""
    connections = Connections("Pump & Co", {ERP: ErpConnection(ERP, erp, "PUMPCO")})
    Inbound(connections).pull(company.database, Job(1, "erp_pull", "pull", {"erp": ERP, **payload}))


def problems(company: Company) -> dict[str, str]:
    """What is noted on the feeds, by entity."""
    with company.database.read(SYSTEM) as tx:
        return {feed.entity: feed.problem for feed in feeds.all_feeds(tx) if feed.problem}


def test_a_feed_that_cannot_be_read_is_noted_and_tried_again_and_the_others_go_on(company: Company) -> None:
    company.types(a_draft("100"))
    erp = PartlyBroken(ledger=company.erp.ledger)
    erp.broken = Entity.SITE

    pulls(company, erp)
    noted = problems(company)
    erp.broken = None
    pulls(company, erp)

    assert noted == {"site": "The account may not read this."}
    assert company.order("100").status is Status.APPROVED
    assert problems(company) == {}


def test_a_feed_that_breaks_its_reader_is_noted_and_fails_the_job_after_the_others_were_read(company: Company) -> None:
    company.types(a_draft("100"))
    erp = PartlyBroken(ledger=company.erp.ledger)
    erp.broken, erp.error = Entity.UOM, LookupError("no such unit")

    with pytest.raises(LookupError):
        pulls(company, erp)

    assert problems(company) == {"uom": "LookupError: no such unit"}
    assert company.order("100").status is Status.APPROVED


def test_a_feed_to_be_read_from_its_beginning_stays_so_until_that_succeeded(company: Company) -> None:
    erp = PartlyBroken(ledger=company.erp.ledger)
    pulls(company, erp)
    erp.broken = Entity.ITEM

    pulls(company, erp, entity=Entity.ITEM, restart="1")

    with company.database.read(SYSTEM) as tx:
        assert {entity for entity in PULLED if not feeds.position(tx, ERP, entity)} == {Entity.ITEM}
