"""Reports made again from their snapshots: the same to the byte, whatever the order of the facts or the zone of a moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.core.facts import GatePolicy, LeadTime, UnmappedCode
from purveyor.core.gate import GateReport, check
from purveyor.core.gate_report import report_bytes
from purveyor.core.ids import ErpInstance
from purveyor.core.order import ErpLink, Hold, PurchaseOrder
from purveyor.core.quantity import UnitTable
from purveyor.core.snapshot import from_snapshot, snapshot, snapshot_digest
from tests.core.builders import (
    DAYTON,
    NOW,
    a_fact,
    a_known_line,
    a_line,
    a_price,
    a_stock,
    an_agreement,
    an_item,
    an_order,
    dec,
    facts_for,
)


def report_of(order: PurchaseOrder, policy: GatePolicy | None = None, **facts: Any) -> GateReport:
    """Check an order whose facts are clean but for the changes."""
    return check(order, facts_for(order, **facts), policy or GatePolicy(), NOW)


def _rich() -> tuple[PurchaseOrder, dict[str, Any]]:
    """An order and facts with something of every type, and findings in every section."""
    lines = [a_line(1, price="10.50"), a_line(2, quantity=240, uom="carton", price="120"), a_line(3, need_by=NOW.date())]
    order = an_order(
        lines,
        erp=ErpLink(ErpInstance("tryton"), "17"),
        hold=Hold("waits", None, NOW),
        freight_term=None,
        freight_ceiling=Decimal("150.00"),
    )
    facts: dict[str, Any] = {
        "stock": a_stock(maximum=dec(120)),
        "history": (dec("80"), dec("7.50")),
        "awaiting_erp": {DAYTON: a_fact(dec("12.0"))},
        "lead_time": a_fact(LeadTime(3, dec(9), dec(14))),
        "known_lines": a_fact((a_known_line(order),)),
        "agreements": (a_fact(an_agreement(a_price("A", valid_from=NOW.date()), a_price("B", "9", least=100))),),
        "unmapped": (UnmappedCode("tryton", "unit", "PAL"),),
        "item": a_fact(an_item(units=UnitTable("EA", {"carton": Fraction(12), "third": Fraction(1, 3)}))),
    }
    return order, facts


def test_the_report_made_again_from_its_snapshot_is_the_same_to_the_byte() -> None:
    order, facts = _rich()
    report = report_of(order, **facts)

    stored = json.loads(json.dumps(snapshot(report), sort_keys=True))
    again = from_snapshot(stored).report()

    assert again == report
    assert report_bytes(again) == report_bytes(report)
    assert snapshot_digest(snapshot(again)) == snapshot_digest(stored)


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    order = an_order()
    there = timezone(timedelta(hours=-5))
    facts = facts_for(order, stock={DAYTON: a_fact(a_stock(), as_of=(NOW - timedelta(hours=2)).astimezone(there))})
    report = check(order, facts, GatePolicy(), NOW.astimezone(there))

    again = from_snapshot(snapshot(report)).report()

    assert again.checked_at.tzinfo == UTC
    assert report_bytes(again) == report_bytes(report)


def test_another_price_gives_another_digest() -> None:
    digests = {snapshot_digest(snapshot(report_of(an_order([a_line(price=price)])))) for price in ("10.00", "10.0", "10.01")}

    assert len(digests) == 2


def test_a_field_younger_than_the_snapshot_gets_its_default() -> None:
    stored: Any = snapshot(report_of(an_order()))
    del stored["policy"]["break_uplift_pct"]

    assert from_snapshot(stored).policy == GatePolicy()


def test_a_snapshot_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        from_snapshot({"schema": "other"})


def test_what_has_no_written_form_is_refused() -> None:
    odd = replace(report_of(an_order()), policy=cast(GatePolicy, object()))

    with pytest.raises(TypeError, match="snapshot"):
        snapshot(odd)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_the_findings_do_not_depend_on_the_order_of_the_facts(data: st.DataObject) -> None:
    order, changes = _rich()
    facts = facts_for(order, **changes)
    agreements = (a_fact(an_agreement(number="AG-1")), a_fact(an_agreement(number="AG-2")), a_fact(an_agreement(number="AG-3")))
    lines = {number: replace(line, agreements=agreements) for number, line in facts.lines.items()}

    def shuffled(mapping: Any) -> dict[Any, Any]:
        return dict(data.draw(st.permutations(list(mapping.items()))))

    moved = {
        number: replace(
            line,
            stock=shuffled(line.stock),
            history=shuffled(line.history),
            agreements=tuple(data.draw(st.permutations(line.agreements))),
        )
        for number, line in shuffled(lines).items()
    }
    first = check(order, replace(facts, lines=lines), GatePolicy(), NOW)
    second = check(order, replace(facts, lines=moved, sites=shuffled(facts.sites)), GatePolicy(), NOW)

    assert second.findings == first.findings
    assert report_bytes(second) == report_bytes(first)
