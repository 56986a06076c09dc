"""Links for suppliers without an account: opening one shows the newest issued version and never acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from purveyor.app import links
from purveyor.app.links import LinkExpired
from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.store import orders
from purveyor.store.db import Database
from tests.app.erp_world import Company, a_company, a_draft
from tests.order_builders import OTHER_SUPPLIER

pytestmark = pytest.mark.postgres


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


@pytest.fixture
def approved(company: Company) -> PurchaseOrder:
    return company.takes_in(a_draft("100"))[0]


def test_opening_a_link_a_hundred_times_changes_nothing_and_shows_the_newest_version(
    company: Company, approved: PurchaseOrder
) -> None:
    issued = company.issues(approved)
    with company.database.transaction(SYSTEM) as tx:
        token = links.make_link(tx, approved.id)
    for _ in range(100):
        with company.database.read(SYSTEM) as tx:
            opened = links.open_link(tx, token)
    assert (opened.order.total, opened.superseded, opened.actor.supplier_id) == (issued.total, False, issued.supplier_id)
    assert company.now(issued) == issued

    changed = replace(issued, version=2, lines=(replace(issued.lines[0], quantity=Decimal(3)),))
    with company.database.transaction(SYSTEM) as tx:
        orders.save(tx, changed)
        newer = links.open_link(tx, token)
    assert (newer.order.version, newer.superseded) == (2, True)


def test_a_forged_link_opens_nothing_and_an_expired_one_offers_a_new_mail_once_a_day(
    company: Company, approved: PurchaseOrder
) -> None:
    company.issues(approved)
    with company.database.transaction(SYSTEM) as tx:
        token = links.make_link(tx, approved.id)
        with pytest.raises(NotFound):
            links.open_link(tx, token + "x")
        late = replace(tx, real_now=tx.real_now + timedelta(days=15))
        with pytest.raises(LinkExpired):
            links.open_link(late, token)
        first = links.send_new_link(late, token)
        assert links.send_new_link(late, token) == first
    assert company.message(approved, MessageKind.SUPPLIER_REMINDER).channel == "email"


def test_a_link_to_an_order_that_was_not_issued_opens_nothing(company: Company, approved: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        token = links.make_link(tx, approved.id)
        with pytest.raises(NotFound):
            links.open_link(tx, token)


def test_a_link_made_for_another_supplier_opens_nothing(company: Company, approved: PurchaseOrder) -> None:
    issued = company.issues(approved)
    with company.database.transaction(SYSTEM) as tx:
        token = links.make_link(tx, approved.id)
        orders.save(tx, replace(issued, supplier_id=OTHER_SUPPLIER, version=2))
        with pytest.raises(NotFound):
            links.open_link(tx, token)
        orphan = orders.save(tx, replace(company.now(approved), supplier_id=None, version=3, row_version=issued.row_version + 1))
        with pytest.raises(NotFound):
            links.make_link(tx, orphan.id)
