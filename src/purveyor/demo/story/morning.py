"""Monday morning: drafts arrive from the ERP, the gate finds what is planted in them and lets the clean ones through."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from purveyor.core.finding import Severity
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.drafts import CLEAN, DRAFTS, OVER_LIMIT, PLANTED
from purveyor.demo.story.steps import Figure, Step
from purveyor.store import findings
from purveyor.store.findings import SavedFinding

PASSED_ON = (Status.PENDING_APPROVAL, Status.APPROVED, Status.ISSUED)


def steps(cast: Cast) -> Sequence[Step]:
    """Return the steps of the morning."""
    return (
        Step("Drafts typed and planned in Tryton arrive", lambda: _arrive(cast)),
        Step("Every planted error is named", lambda: _named(cast)),
        Step("No clean order is stopped", lambda: _clean_pass(cast)),
        Step("240 cartons instead of 240 pumps: stopped before release", lambda: _cartons(cast)),
    )


def _arrive(cast: Cast) -> Figure:
    cast.world.cable.plugged = True
    erp_ids = cast.type_drafts(DRAFTS)
    cast.pull()
    cast.wait("all drafts in Purveyor", lambda: cast.learn_orders(erp_ids))
    cast.world.cable.plugged = False  # the ERP is away from here on; see outage
    return Figure(f"{len(DRAFTS)} orders", f"{len(cast.ids)} orders")


def found(cast: Cast, name: str) -> list[SavedFinding]:
    """Return what the newest check of an order found."""
    with cast.reading() as tx:
        return findings.of_orders(tx, [cast.ids[name]]).get(OrderId(cast.ids[name]), [])


def _codes(cast: Cast, name: str) -> set[str]:
    return {one.finding.code for one in found(cast, name)}


def _named(cast: Cast) -> Figure:
    found_in = {draft.name: _codes(cast, draft.name) for draft in PLANTED}
    expected = [f"{draft.name} {draft.stopped_by}" for draft in PLANTED]
    actual = [
        f"{draft.name} {draft.stopped_by if draft.stopped_by in found_in[draft.name] else 'not found'}" for draft in PLANTED
    ]
    return Figure(", ".join(expected), ", ".join(actual))


def _clean_pass(cast: Cast) -> Figure:
    stopped = [draft.name for draft in (*CLEAN, *OVER_LIMIT) if cast.order(draft.name).status not in PASSED_ON]
    return Figure("0 of 21 stopped", f"{len(stopped)} of {len(CLEAN) + len(OVER_LIMIT)} stopped {' '.join(stopped)}".strip())


def _cartons(cast: Cast) -> Figure:
    order = cast.order("pumps")
    slip = next(one.finding for one in found(cast, "pumps") if one.finding.code == "PACK_SLIP")
    weeks = "69 weeks of demand at 42 a week" if "69 weeks of demand at 42 a week" in slip.message else slip.message
    stopped = "stopped" if slip.severity is Severity.BLOCK and order.status is Status.DRAFT else "not stopped"
    return Figure(
        "248832.00 ordered, 69 weeks of demand at 42 a week, 20 CTN12 would do, 228096.00 not spent, stopped",
        f"{order.total} ordered, {weeks}, {slip.suggestion} would do, {_cents(slip.exposure)} not spent, {stopped}",
    )


def _cents(amount: Decimal | None) -> str:
    return "nothing" if amount is None else f"{amount:.2f}"
