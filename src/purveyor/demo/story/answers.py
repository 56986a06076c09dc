"""Orders go out and suppliers answer, each in his own way: by link, by program, in parts, differently, late, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from purveyor.core.acknowledge import LineState
from purveyor.core.canonical import Json
from purveyor.core.cases import ExceptionType
from purveyor.core.ids import OrderId
from purveyor.core.messaging import MessageKind
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.steps import Figure, Step
from purveyor.demo.suppliers import PROFILES
from purveyor.store import acknowledgments, messages, promises

FIRST_DAY, SECOND_DAY, LATER_DAY = "2026-03-23", "2026-03-30", "2026-03-27"
AFTER_DUE = datetime(2026, 3, 12, 13, 0, tzinfo=UTC)
AFTER_REMINDERS = datetime(2026, 3, 17, 13, 0, tzinfo=UTC)


def steps(cast: Cast) -> Sequence[Step]:
    """Return the steps of the answers."""
    return (
        Step("The pump supplier's API is down: the mail link takes over", lambda: _fallback(cast)),
        Step("He answers 12 + 8 cartons on two dates by the link", lambda: _split(cast)),
        Step("His API repeats the same answer: it counts once", lambda: _repeated(cast)),
        Step("Others accept, change price or quantity, backorder, reject", lambda: _others(cast)),
        Step("The first 12 cartons move from day 14 to day 18: Dayton runs dry", lambda: _slip(cast)),
        Step("A silent supplier is reminded, then the category's owner takes over", lambda: _silence(cast)),
    )


def _fallback(cast: Cast) -> Figure:
    cast.wait("the order at the pump supplier", lambda: cast.message_states(MessageKind.SUPPLIER_ORDER, "pumps") == ["done"])
    with cast.reading() as tx:
        message = next(one for one in messages.of_order(tx, cast.ids["pumps"]) if one.kind == MessageKind.SUPPLIER_ORDER)
        tried = [attempt.channel for attempt in messages.attempts_of(tx, message.id)]
    address = next(profile.email for profile in PROFILES if profile.code == "KEYSTONE")
    mails = cast.wait("the mail", lambda: cast.world.mailbox.to(address))
    same = any(mail.message["X-Purveyor-Message"] == str(message.id) for mail in mails)
    went = "api, then email" if tried[0] == "api" and tried[-1] == "email" else ", ".join(tried)
    return Figure("api, then email, one identity", f"{went}, {'one identity' if same else 'another identity'}")


def _split(cast: Cast) -> Figure:
    with cast.by_link("KEYSTONE", "pumps") as page:
        said = {"line-1": "dates", "line-1-quantity-1": "12", "line-1-day-1": FIRST_DAY}
        page.send("/answer", {**said, "line-1-quantity-2": "8", "line-1-day-2": SECOND_DAY, "dates": "delivery"})
        taps = page.taps
    return Figure(
        f"12 on {FIRST_DAY}, 8 on {SECOND_DAY}, acknowledged, 2 taps",
        f"{_promised(cast)}, {cast.order('pumps').status}, {taps} taps",
    )


def _promised(cast: Cast) -> str:
    with cast.reading() as tx:
        current = promises.current(tx, [cast.ids["pumps"]])[cast.ids["pumps"]][1]
    return ", ".join(f"{one.quantity:f} on {one.promised_delivery}" for one in current)


def _split_parts(first_day: str) -> Json:
    return [
        {"outcome": "accept", "quantity": "12", "promised_delivery": first_day},
        {"outcome": "accept", "quantity": "8", "promised_delivery": SECOND_DAY},
    ]


def _repeated(cast: Cast) -> Figure:
    cast.world.suppliers.down.discard("KEYSTONE")
    answer = cast.answer_by_api("KEYSTONE", "pumps", "key-ack-1", lines=[{"line_no": 1, "parts": _split_parts(FIRST_DAY)}])
    return Figure(f"DUPLICATE; 12 on {FIRST_DAY}, 8 on {SECOND_DAY}", f"{answer['result']}; {_promised(cast)}")


def _others(cast: Cast) -> Figure:
    for name in ("valves-dayton", "valves-tulsa", "valves-reno", "old-price"):
        cast.answer_by_api("LAKESHORE", name, f"lv-{name}", header="accept")
    for name in ("sumps-tulsa", "pumps-reno"):
        cast.answer_by_api("KEYSTONE", name, f"key-{name}", header="accept")
    accepting = {"BUCKEYE": ("fittings-dayton", "fittings-tulsa", "fittings-reno"), "GULFPIPE": ("pipe-dayton", "pipe-reno")}
    accepting |= {"TRUESEAL": ("seals-dayton", "seals-tulsa"), "SIERRA": ("controls-dayton",), "IRONHAND": ("tools-dayton",)}
    accepting |= {"GULFPIPE ": ("pipe-for-approval",)}
    for supplier, names in accepting.items():
        for name in names:
            with cast.by_link(supplier.strip(), name) as page:
                page.send("/accept", {})
    _answer_line(cast, "GULFPIPE", "pipe-tulsa", {"line-1": "change", "line-1-new-price": "88.20"})
    _answer_line(cast, "TRUESEAL", "seals-reno", {"line-1": "change", "line-1-new-quantity": "3"})
    _answer_line(cast, "IRONHAND", "tools-tulsa", {"line-1": "backorder", "line-1-expected": "2026-04-20"})
    _answer_line(cast, "SIERRA", "controls-reno", {"line-1": "accept", "line-2": "reject", "line-2-reason": "discontinued"})
    lines = {name: _states(cast, name) for name in ("valves-dayton", "pipe-tulsa", "seals-reno", "tools-tulsa", "controls-reno")}
    differs, accepted = LineState.ANSWERED_WITH_DIFFERENCES, LineState.ACCEPTED
    expected = {
        "valves-dayton": [accepted, accepted],
        "pipe-tulsa": [differs],
        "seals-reno": [differs],
        "tools-tulsa": [differs],
        "controls-reno": [accepted, LineState.REJECTED],
    }
    asked = sorted(
        {one.type.value for name in expected for one in cast.exceptions(order=name)}
        & {ExceptionType.ACK_CHANGE_PROPOSED.value, ExceptionType.ACK_REJECTED.value}
    )
    return Figure(f"{_shown(expected)}; asked: ACK_CHANGE_PROPOSED, ACK_REJECTED", f"{_shown(lines)}; asked: {', '.join(asked)}")


def _shown(states: dict[str, list[LineState]]) -> str:
    return ", ".join(f"{name} {'+'.join(state.value for state in found)}" for name, found in states.items())


def _answer_line(cast: Cast, supplier: str, name: str, said: dict[str, str]) -> None:
    with cast.by_link(supplier, name) as page:
        page.send("/answer", {"dates": "delivery", **said})


def _states(cast: Cast, name: str) -> list[LineState]:
    with cast.reading() as tx:
        lines = acknowledgments.lines_of(tx, [cast.ids[name]]).get(OrderId(cast.ids[name]), [])
    return [line.state for line in sorted(lines, key=lambda line: line.line_no)]


def _slip(cast: Cast) -> Figure:
    cast.answer_by_api("KEYSTONE", "pumps", "key-ack-2", lines=[{"line_no": 1, "parts": _split_parts(LATER_DAY)}])
    risks = cast.exceptions(ExceptionType.STOCKOUT_RISK, order="pumps")
    if not risks:
        return Figure("24 short, 3336.00 at risk", "no exception")
    risk = risks[0]
    amount = f"{risk.exposure.amount:.2f}" if risk.exposure else "nothing"
    short = "24 short" if "24" in risk.summary else risk.summary
    return Figure("24 short, 3336.00 at risk, buyer acts", f"{short}, {amount} at risk, {risk.owner_role} acts")


def _silence(cast: Cast) -> Figure:
    cast.move_to(AFTER_DUE)
    silent = ("jets-dayton", "jets-tulsa")
    address = next(profile.email for profile in PROFILES if profile.code == "OZARK")

    def reminded() -> int:
        return sum(mail.message["Subject"].startswith("Reminder") for mail in cast.world.mailbox.to(address))

    cast.wait("reminders", lambda: reminded() >= len(silent))
    cast.move_to(AFTER_REMINDERS)
    overdue = cast.wait("escalation", lambda: _all_overdue(cast, silent))
    owners = sorted({one.owner_role.value for one in overdue})
    return Figure(
        "2 reminded, 2 escalated to category_manager",
        f"{min(reminded(), 2)} reminded, {len(overdue)} escalated to {', '.join(owners)}",
    )


def _all_overdue(cast: Cast, silent: tuple[str, ...]) -> list[object] | None:
    found = [one for name in silent for one in cast.exceptions(ExceptionType.ACK_OVERDUE, order=name)]
    return list(found) if len(found) == len(silent) else None
