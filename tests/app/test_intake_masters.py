"""Master data from an ERP: own identities, repeated and reordered pages, and codes that nobody mapped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from purveyor.app import masters as app_masters
from purveyor.app import quarantine
from purveyor.core.access import Actor, ActorKind, Role
from purveyor.core.cases import ExceptionType
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpAgreementLine,
    ErpDemand,
    ErpItem,
    ErpPriceBreak,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.errors import NotAuthorised
from purveyor.core.ids import ErpInstance, ItemId, SiteId, SupplierId
from purveyor.core.items import ItemStatus
from purveyor.core.parties import BusinessUnit, SupplierStatus
from purveyor.store import cases, masters, stock, xref
from purveyor.store.db import Tx
from purveyor.store.xref import Code
from tests.order_builders import ERP, UNIT, fresh_id

pytestmark = pytest.mark.postgres

OTHER_ERP = ErpInstance("acquired")
SITE = ErpSite(external_id="w1", version="1", code="DAY", name="Dayton", legal_entity="1")
EACH = ErpUom(external_id="u1", version="1", code="EA", name="Each", category="pump", factor=Fraction(1), discrete=True)
CARTON = ErpUom(external_id="u2", version="1", code="CT", name="Carton", category="pump", factor=Fraction(12), discrete=True)
PUMP = ErpItem(
    external_id="i1",
    version="1",
    sku="PUMP-1",
    name="Circulator pump",
    base_uom="EA",
    purchase_uom="CT",
    uom_category="pump",
    category="pumps/circulators",
    status=ItemStatus.ACTIVE,
    purchasable=True,
    discrete=True,
    sales_price=Decimal("139.00"),
)
KELLER = ErpSupplier(
    external_id="s1",
    version="1",
    code="KELLER",
    name="Keller Pumps",
    currency="USD",
    status=SupplierStatus.ACTIVE,
    payment_terms="N30",
    email="orders@keller.example",
)
TERMS = ErpSupplierItem(
    external_id="t1",
    version="1",
    supplier="s1",
    item="i1",
    supplier_part_no="KP-2500",
    order_uom="CT",
    lead_time_days=14,
    minimum=Decimal(1),
    multiple=Decimal(1),
    price_breaks=(
        ErpPriceBreak(min_qty=Decimal(1), unit_price=Decimal("1036.80"), currency="USD"),
        ErpPriceBreak(min_qty=Decimal(20), unit_price=Decimal("998.40"), currency="USD"),
    ),
)
AGREEMENT = ErpAgreement(
    external_id="a1",
    version="1",
    number="BA-7",
    reference=None,
    supplier="s1",
    currency="USD",
    valid_from=date(2026, 1, 1),
    valid_to=date(2026, 12, 31),
    lines=(ErpAgreementLine(external_id="al1", item="i1", uom="CT", unit_price=Decimal("998.40")),),
)
STOCK = ErpStock(
    external_id="i1@w1",
    version="1",
    item="i1",
    site="w1",
    on_hand=Decimal(96),
    allocated=Decimal(12),
    on_order=Decimal(0),
    daily_demand=Decimal(6),
    reorder_point=Decimal(60),
    maximum=Decimal(480),
)
DEMAND = ErpDemand(
    external_id="d1",
    version="1",
    item="i1",
    site="w1",
    quantity=Decimal(24),
    need_by=date(2026, 3, 25),
    source_ref="SO-1",
    customer="C-9",
    allocated=False,
    unit_sales_price=Decimal("139.00"),
    currency="USD",
)
PAGES: list[tuple[Entity, list[ErpRecord]]] = [
    (Entity.SITE, [SITE]),
    (Entity.UOM, [EACH, CARTON]),
    (Entity.ITEM, [PUMP]),
    (Entity.SUPPLIER, [KELLER]),
    (Entity.SUPPLIER_ITEM, [TERMS]),
    (Entity.AGREEMENT, [AGREEMENT]),
    (Entity.STOCK, [STOCK]),
    (Entity.DEMAND, [DEMAND]),
]


@pytest.fixture
def connected(tx: Tx) -> Tx:
    """A company whose ERP is known by its legal entity."""
    app_masters.save_unit(tx, BusinessUnit(UNIT, "PUMPCO", "Pump & Co", "USD", "US"), ERP, "1")
    return tx


def load(tx: Tx, pages: list[tuple[Entity, list[ErpRecord]]] = PAGES) -> list[tuple[int, int]]:
    defaults = app_masters.Defaults("US", "America/New_York")
    taken = [app_masters.receive(tx, ERP, entity, records, defaults) for entity, records in pages]
    return [(one.taken, one.quarantined) for one in taken]


def own(tx: Tx, entity: Entity, external_id: str) -> object:
    return xref.lookup(tx, ERP, [Code(entity, external_id)])[Code(entity, external_id)]


def the_item(tx: Tx) -> ItemId:
    return ItemId(xref.lookup(tx, ERP, [Code(Entity.ITEM, "i1")])[Code(Entity.ITEM, "i1")])


def test_a_company_is_loaded_under_our_own_identities(connected: Tx) -> None:
    assert load(connected) == [(1, 0), (2, 0), (1, 0), (1, 0), (1, 0), (1, 0), (1, 0), (1, 0)]

    item = masters.items(connected)[the_item(connected)]
    assert (item.sku, item.units.base_uom, item.units.factors["CT"]) == ("PUMP-1", "EA", Fraction(12))
    supplier = next(iter(masters.suppliers(connected).values()))
    assert (supplier.code, supplier.email, supplier.country, supplier.time_zone) == (
        "KELLER",
        "orders@keller.example",
        "US",
        "America/New_York",
    )
    terms = masters.supplier_items(connected, [item.id])[supplier.id, item.id]
    assert [price.price for price in terms.prices] == [Decimal("1036.80"), Decimal("998.40")]
    agreement = masters.agreements(connected, [item.id])[supplier.id, item.id][0]
    assert (agreement.number, agreement.version, agreement.entries[0].price) == ("BA-7", 1, Decimal("998.40"))
    site = next(iter(masters.sites(connected)))
    position = stock.stock(connected, [item.id])[item.id, site]
    assert (position.value.available, position.value.sales_price) == (Decimal(84), Decimal("139.00"))
    assert position.source == ERP
    assert [line.source_ref for line in position.value.demand] == ["SO-1"]


def test_an_agreement_that_costs_more_the_more_is_bought_is_refused_until_it_is_corrected(connected: Tx) -> None:
    load(connected)
    dearer = ErpPriceBreak(min_qty=Decimal(20), unit_price=Decimal("1036.80"), currency="USD")
    rising = replace(AGREEMENT, version="2", lines=(replace(AGREEMENT.lines[0], price_breaks=(dearer,)),))

    load(connected, [(Entity.AGREEMENT, [rising])])
    [case] = cases.listed(connected)
    kept = masters.agreements(connected, [the_item(connected)])
    cheaper = replace(dearer, unit_price=Decimal("960.00"))
    corrected = replace(rising, version="3", lines=(replace(AGREEMENT.lines[0], price_breaks=(cheaper,)),))
    load(connected, [(Entity.AGREEMENT, [corrected])])

    assert case.type is ExceptionType.AGREEMENT_MISMATCH
    assert "from 20 CT on a unit costs more than from 0 CT on" in case.summary
    assert [len(one.entries) for many in kept.values() for one in many] == [1]
    assert cases.listed(connected) == []
    assert [len(one.entries) for many in masters.agreements(connected, [the_item(connected)]).values() for one in many] == [2]


def test_the_same_pages_again_change_nothing(connected: Tx) -> None:
    load(connected)
    before = (masters.items(connected), masters.suppliers(connected), masters.agreements(connected, [the_item(connected)]))

    load(connected)

    after = (masters.items(connected), masters.suppliers(connected), masters.agreements(connected, [the_item(connected)]))
    assert after == before


def test_what_we_set_ourselves_survives_what_the_erp_says(connected: Tx) -> None:
    load(connected)
    supplier = next(iter(masters.suppliers(connected).values()))
    masters.save_profiles(connected, [replace(supplier, channels=("api", "email"), email="edi@keller.example")])

    load(connected, [(Entity.SUPPLIER, [replace(KELLER, version="2", name="Keller Pump Works")])])

    after = masters.supplier(connected, supplier.id)
    assert (after.name, after.channels, after.email) == ("Keller Pump Works", ("api", "email"), "edi@keller.example")


def test_terms_with_an_unknown_item_wait_and_are_read_again_when_it_comes(connected: Tx) -> None:
    load(connected, PAGES[:2] + PAGES[3:4])

    assert load(connected, [(Entity.SUPPLIER_ITEM, [TERMS])]) == [(0, 1)]
    assert [one.unknown for one in xref.waiting(connected)] == [Code(Entity.ITEM, "i1")]
    assert cases.find_open(connected, "unmapped:tryton:item:i1") is not None

    load(connected, [(Entity.ITEM, [PUMP])])

    assert xref.waiting(connected) == []
    assert cases.find_open(connected, "unmapped:tryton:item:i1") is None
    assert load(connected, [(Entity.SUPPLIER_ITEM, [TERMS])]) == [(1, 0)]


def test_an_equal_code_of_another_erp_is_no_proof_and_waits_for_a_person(connected: Tx) -> None:
    load(connected)
    buyer = Actor(ActorKind.USER, fresh_id(), roles=frozenset({Role.BUYER}))

    taken = app_masters.receive(connected, OTHER_ERP, Entity.SUPPLIER, [replace(KELLER, external_id="900")])

    assert (taken.taken, taken.quarantined) == (0, 1)
    supplier, code = next(iter(masters.suppliers(connected))), Code(Entity.SUPPLIER, "900")
    with pytest.raises(NotAuthorised):
        quarantine.map_code(replace(connected, actor=Actor(ActorKind.ADVISORY)), OTHER_ERP, code, supplier)
    assert quarantine.map_code(replace(connected, actor=buyer), OTHER_ERP, code, supplier) == 1
    assert app_masters.receive(connected, OTHER_ERP, Entity.SUPPLIER, [replace(KELLER, external_id="900")]).taken == 1
    assert list(masters.suppliers(connected)) == [supplier]


def test_an_item_whose_unit_is_unknown_waits_for_the_unit(connected: Tx) -> None:
    assert load(connected, [(Entity.ITEM, [PUMP])]) == [(0, 1)]
    assert load(connected, PAGES[1:3]) == [(2, 0), (1, 0)]


def test_a_carton_that_grows_changes_the_units_of_its_items(connected: Tx) -> None:
    load(connected)

    load(connected, [(Entity.UOM, [replace(CARTON, factor=Fraction(10))])])

    assert masters.items(connected)[the_item(connected)].units.factors["CT"] == 10


def test_a_site_of_an_unknown_company_waits(tx: Tx) -> None:
    assert load(tx, PAGES[:1]) == [(0, 1)]

    app_masters.save_unit(tx, BusinessUnit(UNIT, "PUMPCO", "Pump & Co", "USD", "US"), ERP, "1")

    assert load(tx, PAGES[:1]) == [(1, 0)]


def test_records_out_of_use_are_not_bought_any_more(connected: Tx) -> None:
    load(connected)

    load(
        connected,
        [
            (Entity.ITEM, [replace(PUMP, active=False)]),
            (Entity.SUPPLIER, [replace(KELLER, active=False)]),
            (Entity.SUPPLIER_ITEM, [replace(TERMS, active=False)]),
            (Entity.AGREEMENT, [replace(AGREEMENT, active=False)]),
            (Entity.DEMAND, [replace(DEMAND, active=False)]),
        ],
    )

    item = masters.items(connected)[the_item(connected)]
    supplier = next(iter(masters.suppliers(connected).values()))
    assert item.status is ItemStatus.INACTIVE
    assert supplier.status is SupplierStatus.INACTIVE
    assert masters.supplier_items(connected, [item.id])[supplier.id, item.id].prices == ()
    agreement = masters.agreements(connected, [item.id])[supplier.id, item.id][0]
    assert (agreement.version, agreement.entries) == (2, ())
    assert all(position.value.demand == () for position in stock.stock(connected, [item.id]).values())


def test_a_feed_read_to_its_end_makes_its_figures_as_of_now(connected: Tx) -> None:
    load(connected)
    later = replace(connected, now=datetime(2030, 1, 1, tzinfo=UTC))

    app_masters.up_to_date(later, ERP, Entity.STOCK)
    app_masters.up_to_date(later, ERP, Entity.SITE)

    assert {fact.as_of for fact in stock.stock(connected, [the_item(connected)]).values()} == {later.now}


def test_documents_are_not_master_data(tx: Tx) -> None:
    with pytest.raises(ValueError, match="document"):
        app_masters.receive(tx, ERP, Entity.ORDER, [])


def test_every_unknown_code_has_one_owner(connected: Tx) -> None:
    load(
        connected, [(Entity.STOCK, [STOCK]), (Entity.STOCK, [STOCK]), (Entity.DEMAND, [DEMAND]), (Entity.AGREEMENT, [AGREEMENT])]
    )

    assert {one.unknown for one in xref.waiting(connected, erp=ERP)} == {Code(Entity.ITEM, "i1"), Code(Entity.SUPPLIER, "s1")}
    found = cases.find_open(connected, "unmapped:tryton:item:i1")
    assert found is not None
    assert found.type is ExceptionType.UNMAPPED_CODE


def test_identities_can_be_turned_back_into_the_erps(connected: Tx) -> None:
    load(connected)
    supplier = SupplierId(next(iter(masters.suppliers(connected))))
    site = SiteId(next(iter(masters.sites(connected))))

    assert xref.external_ids(connected, ERP, Entity.SUPPLIER, [supplier]) == {supplier: "s1"}
    assert xref.external_ids(connected, ERP, Entity.SITE, [site]) == {site: "w1"}
