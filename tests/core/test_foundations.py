"""Money, units, scopes and the event envelope: the small values everything else stands on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor, ActorKind, Role, ScopeKind, scope_of
from purveyor.core.erp_records import ErpReceiptLine
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown, Unsupported
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.message import message_stream
from purveyor.core.ids import ItemId, MessageId, SiteId, order_ref, read_order_ref
from purveyor.core.items import StockPosition
from purveyor.core.money import CurrencyMismatch, Money, total
from purveyor.core.quantity import UnitTable, UnknownUnit

UNIT, SUPPLIER = UUID(int=1), UUID(int=2)


def test_everybody_sees_no_more_than_the_own_units_or_the_own_orders() -> None:
    buyer = Actor(ActorKind.USER, UUID(int=3), roles=frozenset({Role.BUYER}), business_units=frozenset({UNIT}))
    supplier = Actor(ActorKind.SUPPLIER, UUID(int=4), supplier_id=SUPPLIER)
    nobody = Actor(ActorKind.USER, UUID(int=5))

    assert scope_of(SYSTEM) is SYSTEM_SCOPE
    assert scope_of(buyer).business_units == frozenset({UNIT})
    assert (scope_of(supplier).kind, scope_of(supplier).supplier_id) == (ScopeKind.SUPPLIER, SUPPLIER)
    assert scope_of(nobody).kind is ScopeKind.NONE


def test_amounts_of_one_currency_add_subtract_compare_and_round_half_up() -> None:
    ten, half_cent = Money(Decimal("10.00"), "USD"), Money(Decimal("0.005"), "USD")

    assert (ten + half_cent).rounded() == Money(Decimal("10.01"), "USD")
    assert ten - ten == Money(Decimal("0.00"), "USD")
    assert -ten == Money(Decimal("-10.00"), "USD")
    assert ten.times(Decimal(3)) == Money(Decimal("30.00"), "USD")
    assert half_cent < ten
    assert half_cent <= ten
    assert total([ten, half_cent], "USD") == Money(Decimal("10.005"), "USD")


def test_amounts_in_two_currencies_are_never_added() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(Decimal(1), "USD") + Money(Decimal(1), "EUR")


def test_units_are_known_and_shown_as_decimals() -> None:
    table = UnitTable("EA", {"CT": Fraction(12)})

    assert table.knows("CT")
    assert not table.knows("PAL")
    assert table.convert_decimal(Decimal(6), "EA", "CT") == Decimal("0.5")


def test_a_unit_without_a_factor_is_refused_and_named_with_the_base_unit() -> None:
    with pytest.raises(UnknownUnit) as refused:
        UnitTable("EA", {"CT": Fraction(12)}).convert(Decimal(3), "CT", "PAL")

    assert refused.value.fields == {"uom": "PAL", "base_uom": "EA"}


def test_what_is_allocated_cannot_be_promised_again() -> None:
    stock = StockPosition(ItemId(UUID(int=6)), SiteId(UUID(int=7)), Decimal(96), Decimal(12), Decimal(0))

    assert stock.available == 84


def test_damaged_goods_do_not_go_into_stock() -> None:
    assert ErpReceiptLine(order_line="1", quantity=Decimal(4), uom="BX", rejected=Decimal(1)).accepted == 3


def test_an_erp_answers_a_write_in_six_ways() -> None:
    answers = (Applied("1", "7", "v2"), Duplicate("1", "7", "v2"), Conflict("1", None), Rejected("rule", "no"))

    assert Applied("1", "7", "v2", order_version="v3") != answers[0]
    assert (Unsupported("hold").capability, Unknown("PV000001").reference) == ("hold", "PV000001")
    assert len(set(answers)) == 4


def test_an_event_says_only_its_own_fields_and_no_two_share_a_type() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Weighed(Event):
        type: ClassVar[str] = "test.weighed"
        kilos: Decimal

    class Heavier(Weighed):
        """A refinement without a type of its own."""

    stream = message_stream(MessageId(UUID(int=8)))

    assert stream == Ref("message", UUID(int=8))
    assert Weighed(stream=stream, kilos=Decimal("2.50")).payload() == {"kilos": "2.5"}
    assert Heavier.type == "test.weighed"
    with pytest.raises(TypeError, match="two event classes"):

        class Other(Event):
            type: ClassVar[str] = "test.weighed"


def test_no_two_order_references_look_alike_and_a_misread_one_is_found() -> None:
    references = [order_ref(number) for number in range(1, 5000)]

    assert len(set(references)) == len(references)
    assert not set("ILOU") & set("".join(references))
    assert order_ref(32) == "PV000010"
    assert read_order_ref(" pv oooo1o ") == "PV000010"
    assert read_order_ref("PVL0000i") == "PV100001"
    assert read_order_ref("po-17") == "PO-17"
    assert len(order_ref(2**50 - 1)) == 12


@given(st.integers(1, 2**50 - 1))
def test_every_reference_reads_as_itself(number: int) -> None:
    assert read_order_ref(order_ref(number)) == order_ref(number)
    assert read_order_ref(order_ref(number).lower()) == order_ref(number)
