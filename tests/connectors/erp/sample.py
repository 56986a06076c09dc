"""A corner of the demo distributor as canonical records, with the figures of the seeded Tryton."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from purveyor.core.erp_records import (
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
from purveyor.core.items import ItemStatus
from purveyor.core.parties import SupplierStatus

STAMP = datetime(2026, 3, 2, 6, tzinfo=UTC)


def small_distributor() -> list[ErpRecord]:
    """Dayton, pumps in cartons of twelve, a supplier in use and one on hold."""
    return [
        ErpSite(external_id="5", version="1", updated_at=STAMP, code="DAY", name="Dayton", legal_entity="Pumps", country="US"),
        ErpUom(external_id="1", version="1", code="EA", name="Unit", category="Units", factor=Fraction(1), discrete=True),
        ErpUom(
            external_id="36",
            version="1",
            code="CTN12",
            name="Carton of 12",
            category="Units",
            factor=Fraction(12),
            discrete=True,
        ),
        _pump(),
        _supplier("3", "KEYSTONE", SupplierStatus.ACTIVE),
        _supplier("11", "CASCADE", SupplierStatus.HOLD_ORDERS),
        _terms(),
        _agreement(),
        ErpStock(
            external_id="1:5",
            version="1",
            item="1",
            site="5",
            on_hand=Decimal(96),
            allocated=Decimal(12),
            on_order=Decimal(0),
            daily_demand=Decimal(6),
            reorder_point=Decimal(60),
            maximum=Decimal(360),
        ),
        ErpDemand(
            external_id="1693",
            version="1",
            item="1",
            site="5",
            quantity=Decimal(12),
            need_by=date(2026, 3, 11),
            source_ref="SO-48211",
            customer="Counter sales",
            allocated=True,
            unit_sales_price=Decimal(139),
            currency="USD",
        ),
    ]


def _pump() -> ErpItem:
    return ErpItem(
        external_id="1",
        version="1",
        updated_at=STAMP,
        sku="PMP-100",
        name="Circulator pump 1/12 hp",
        base_uom="EA",
        purchase_uom="CTN12",
        uom_category="Units",
        category="pumps",
        status=ItemStatus.ACTIVE,
        purchasable=True,
        discrete=True,
        sales_price=Decimal(139),
    )


def _supplier(external_id: str, code: str, status: SupplierStatus) -> ErpSupplier:
    return ErpSupplier(
        external_id=external_id, version="1", code=code, name=code.title(), currency="USD", status=status, country="US"
    )


def _terms() -> ErpSupplierItem:
    breaks = (("1", "1036.80"), ("20", "998.40"))
    return ErpSupplierItem(
        external_id="1",
        version="1",
        supplier="3",
        item="1",
        supplier_part_no="KP-C112",
        order_uom="CTN12",
        lead_time_days=10,
        minimum=Decimal(1),
        multiple=Decimal(1),
        price_breaks=tuple(
            ErpPriceBreak(min_qty=Decimal(quantity), unit_price=Decimal(price), currency="USD") for quantity, price in breaks
        ),
    )


def _agreement() -> ErpAgreement:
    line = ErpAgreementLine(
        external_id="1",
        item="1",
        uom="CTN12",
        unit_price=Decimal("1036.80"),
        price_breaks=(ErpPriceBreak(min_qty=Decimal(20), unit_price=Decimal("998.40"), currency="USD"),),
        committed=Decimal(400),
    )
    return ErpAgreement(
        external_id="1",
        version="1",
        number="1",
        reference="KP-2026",
        supplier="3",
        currency="USD",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
        lines=(line,),
    )
