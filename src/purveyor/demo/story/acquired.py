"""The acquired company: an ERP that exchanges files, other codes, the same supplier, the same policies, the same inbox."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from purveyor.app import own_codes
from purveyor.core.cases import ExceptionCase
from purveyor.core.lifecycle import Status
from purveyor.demo import acquired
from purveyor.demo.acquired import BIGGER_PUMP, CARTON, OLD_NUMBER, PUMP
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.morning import found
from purveyor.demo.story.outage import approve_order
from purveyor.demo.story.steps import Figure, Step
from purveyor.store import masters

SETTLED: float = 1.5
"""Seconds until nobody has written a file for long enough."""


def steps(cast: Cast) -> Sequence[Step]:
    """Return the steps of the acquired company."""
    typed: dict[str, str] = {}
    return (
        Step("The acquired company's ERP exchanges files: its drafts are for the same supplier", lambda: _arrive(cast, typed)),
        Step("The slip of 120 cartons is stopped there by the same rule", lambda: _slip(cast)),
        Step("A code that nobody mapped stops its order; on the page IT names our item", lambda: _mended(cast)),
        Step("Import files were acknowledged: the orders are confirmed there, in its own codes", lambda: _confirmed(cast, typed)),
    )


def _arrive(cast: Cast, typed: dict[str, str]) -> Figure:
    there = cast.world.acquired
    cast.read_again()
    typed["ohio-clean"] = there.type(PUMP, "3", "1036.80")
    typed["ohio-slip"] = there.type(PUMP, "120", "998.40", "J. Ruiz")
    typed["ohio-old-number"] = there.type(OLD_NUMBER, "2", "1248.00")
    threading.Event().wait(SETTLED)
    cast.pull(acquired.ERP)
    cast.wait("drafts of the acquired company", lambda: cast.learn_orders(typed, acquired.ERP))
    with cast.reading() as tx:
        known = {supplier.id: supplier.code for supplier in masters.suppliers(tx).values()}
    ours = {known.get(order.supplier_id) for name in typed if (order := cast.order(name)).supplier_id is not None}
    items = [cast.order(name).lines[0].item_code for name in ("ohio-clean", "ohio-slip")]
    named = " ".join(sorted(map(str, ours)))
    return Figure("3 orders for KEYSTONE, of PMP-100, PMP-100", f"{len(typed)} orders for {named}, of {', '.join(items)}")


def _slip(cast: Cast) -> Figure:
    named = "PACK_SLIP" if "PACK_SLIP" in {one.finding.code for one in found(cast, "ohio-slip")} else "not found"
    return Figure("PACK_SLIP, draft", f"{named}, {cast.order('ohio-slip').status}")


def _mended(cast: Cast) -> Figure:
    question = cast.wait("the question about the code", lambda: _question(cast))
    before = cast.order("ohio-old-number").status
    with cast.at_the_desk("leo") as page:
        page.open(f"/exceptions/{question.id}")
        answer = {"resolution": "map_code", "own_code": "PMP-120", "reason": "the old catalogue calls it so"}
        page.send(f"/exceptions/{question.id}/settle", answer)
    cast.wait("the order of the mapped item", lambda: cast.order("ohio-old-number").lines[0].item_code == "PMP-120")
    return Figure(
        "draft while ART-4799 was unknown, PMP-120 now, question closed",
        f"{before} while {OLD_NUMBER} was unknown, {cast.order('ohio-old-number').lines[0].item_code} now, "
        f"question {'open' if _question(cast) else 'closed'}",
    )


def _question(cast: Cast) -> ExceptionCase | None:
    asked = [case for case in cast.exceptions() if own_codes.question_of(case) is not None]
    return next((case for case in asked if OLD_NUMBER in case.natural_key), None)


def _confirmed(cast: Cast, typed: dict[str, str]) -> Figure:
    names = ("ohio-clean", "ohio-old-number")
    for name in names:
        if cast.order(name).status is Status.PENDING_APPROVAL:
            approve_order(cast, "priya", name)
    cast.wait("both orders issued", lambda: all(cast.order(name).status is Status.ISSUED for name in names))
    placed = [there for name in names if (there := cast.world.acquired.order(typed[name])) is not None]
    refs = [cast.order(name).order_ref for name in names]
    match = "our references" if [there.order_ref for there in placed] == refs else "other references"
    said = ", ".join(f"{there.status} {there.lines[0].item} {there.lines[0].uom}" for there in placed)
    expected = f"confirmed {PUMP} {CARTON}, confirmed {BIGGER_PUMP} {CARTON}, our references"
    return Figure(expected, f"{said}, {match}")
