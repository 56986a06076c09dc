"""Bills come in: one is right, one at the old price, one for goods not yet here, one is a copy."""

from __future__ import annotations

from collections.abc import Sequence

from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.steps import Figure, Step


def steps(cast: Cast) -> Sequence[Step]:
    """Return the steps of the bills."""
    return (
        Step("A clean bill matches, is posted in Tryton, and the order closes", lambda: _clean(cast)),
        Step("A bill at the old price goes to the buyer and is blocked for payment", lambda: _old_price(cast)),
        Step("A copy under a number one letter off is stopped", lambda: _copy(cast)),
        Step("A bill ahead of its goods waits", lambda: _ahead(cast)),
        Step("Nothing is left without an owner", lambda: _owned(cast)),
    )


def _clean(cast: Cast) -> Figure:
    name = "valves-dayton"
    lines = [cast.bill_line(name, 1, "12", "BOX10", "54.00"), cast.bill_line(name, 2, "8", "BOX10", "118.00")]
    bill = cast.bill("LAKESHORE", "LV-2201", lines, total="1592.00")
    cast.wait("the bill in the ERP", lambda: cast.message_states(MessageKind.ERP_INVOICE_POST, name) == ["done"])
    cast.wait("the order closed", lambda: cast.order(name).status is Status.CLOSED)
    return Figure("matched, posted, closed", f"{bill['state']}, posted, {cast.order(name).status}")


def _old_price(cast: Cast) -> Figure:
    bill = cast.bill("KEYSTONE", "KP-10442", [cast.bill_line("pumps", 1, "12", "CTN12", "1036.80")], total="12441.60")
    found = cast.exceptions(ExceptionType.MATCH_PRICE, order="pumps")
    cast.wait("the block in the ERP", lambda: cast.message_states(MessageKind.ERP_INVOICE_HOLD, "pumps") == ["done"])
    return Figure("in_exception, 460.80 over, buyer, blocked", f"{bill['state']}, {_stake(found)} over, {_owner(found)}, blocked")


def _copy(cast: Cast) -> Figure:
    cast.bill("KEYSTONE", "KP-1O442", [cast.bill_line("pumps", 1, "12", "CTN12", "1036.80")], total="12441.60")
    found = cast.exceptions(ExceptionType.DUPLICATE_INVOICE)
    posts = len(cast.message_states(MessageKind.ERP_INVOICE_POST, "pumps"))
    return Figure(
        "12441.60 stopped, 1 bill of the two in the ERP", f"{_stake(found)} stopped, {posts} bill of the two in the ERP"
    )


def _ahead(cast: Cast) -> Figure:
    name = "fittings-dayton"
    lines = [
        cast.bill_line(name, 1, "6", "BAG100", "52.00"),
        cast.bill_line(name, 2, "8", "BAG100", "34.00"),
        cast.bill_line(name, 3, "30", "EA", "13.10"),
    ]
    bill = cast.bill("BUCKEYE", "BF-88120", lines, total="977.00")
    told = cast.message_states(MessageKind.ERP_INVOICE_POST, name)
    return Figure("waiting_receipt, not posted", f"{bill['state']}, {'posted' if told else 'not posted'}")


def _owned(cast: Cast) -> Figure:
    from_roles = {one.owner_role.value for one in cast.exceptions()}
    return Figure("0 without owner", "0 without owner" if "" not in from_roles and from_roles else "some without owner")


def _stake(found: list[ExceptionCase]) -> str:
    return f"{found[0].exposure.amount:.2f}" if found and found[0].exposure else "nothing"


def _owner(found: list[ExceptionCase]) -> str:
    return found[0].owner_role.value if found else "nobody"
