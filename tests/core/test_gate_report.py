"""The gate as a whole: clean orders pass, reports are ordered, complete and the same whenever they are made again."""

from __future__ import annotations

from purveyor.core.facts import GatePolicy
from purveyor.core.gate import check
from tests.core.builders import NOW, an_order, facts_for


def test_a_clean_order_has_no_findings() -> None:
    order = an_order(lines=2)

    report = check(order, facts_for(order), GatePolicy(), NOW)

    assert report.findings == ()
    assert report.clean
    assert not report.blocked
