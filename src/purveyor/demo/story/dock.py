"""Goods arrive: full, short, too many, damaged, and one count that cannot be right. Receipts are posted in the ERP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from purveyor.core.canonical import Json
from purveyor.core.cases import ExceptionType
from purveyor.core.erp_records import Entity, ErpOrder
from purveyor.core.messaging import MessageKind
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.steps import Figure, Step

ARRIVAL = datetime(2026, 3, 27, 13, 0, tzinfo=UTC)


def steps(cast: Cast) -> Sequence[Step]:
    """Return the steps at the dock."""
    return (
        Step("The warehouse system knows what to expect", lambda: _expected(cast)),
        Step("Full, short, over and damaged receipts are judged", lambda: _receipts(cast)),
        Step('Somebody keys 144 cartons: "12 cartons (144 pumps)?"', lambda: _keyed_wrong(cast)),
        Step("Receipts are posted in Tryton, each once", lambda: _posted(cast)),
    )


def _expected(cast: Cast) -> Figure:
    issued = [name for name in cast.ids if cast.order(name).first_issued_version is not None]
    wanted = {f"{cast.order(name).order_ref}" for name in issued}
    told = cast.wait(
        "expected receipts", lambda: wanted <= {key.rpartition("-")[0] for key in cast.world.warehouse.expected} and wanted
    )
    return Figure(f"{len(issued)} orders expected", f"{len(told)} orders expected")


def _line(line_no: int, quantity: str, uom: str, damaged: str = "0") -> Json:
    return {"line_no": line_no, "quantity": quantity, "uom": uom, "damaged": damaged}


def _receipts(cast: Cast) -> Figure:
    cast.move_to(ARRIVAL)
    counted: Json = [_line(1, "12", "BOX10"), _line(2, "8", "BOX10")]
    full = cast.receive("valves-dayton", "wms-1", counted, counted_at=ARRIVAL.isoformat())
    short = cast.receive("fittings-dayton", "wms-2", [_line(1, "4", "BAG100"), _line(2, "8", "BAG100"), _line(3, "30", "EA")])
    over = cast.receive("tools-dayton", "wms-3", [_line(1, "16", "EA"), _line(2, "12", "EA")])
    damaged = cast.receive("seals-tulsa", "wms-4", [_line(1, "4", "BOX10", damaged="1")])
    again = cast.receive("valves-dayton", "wms-1", counted, counted_at=ARRIVAL.isoformat())
    asked = sorted(one.type.value for name in ("tools-dayton", "seals-tulsa") for one in cast.exceptions(order=name))
    return Figure(
        "full accepted 200, short leaves 200 open, 1 over, 10 rejected; asked DAMAGED_RECEIPT, OVER_RECEIPT; counted once",
        f"full accepted {_sum(full, 'accepted', 0, 1)}, short leaves {short['lines'][0]['open']} open, "
        f"{over['lines'][0]['excess']} over, {damaged['lines'][0]['rejected']} rejected; asked {', '.join(asked)}; "
        f"{'counted once' if again['id'] == full['id'] else 'counted twice'}",
    )


def _sum(receipt: dict[str, Any], what: str, *places: int) -> int:
    return sum(int(receipt["lines"][place][what]) for place in places)


def _keyed_wrong(cast: Cast) -> Figure:
    wrong = cast.receive("pumps", "wms-5", [_line(1, "144", "CTN12")])
    question = str(wrong["lines"][0]["question"])
    asked = "12 CTN12 (144 EA)?" if "12 CTN12 (144 EA)?" in question else question
    held = len(cast.exceptions(ExceptionType.HELD_RECOUNT, order="pumps"))
    right = cast.receive("pumps", "wms-6", [_line(1, "12", "CTN12")], recount_of=wrong["id"])
    return Figure(
        "held 1728, asks 12 CTN12 (144 EA)?, recount accepted 144",
        f"held {wrong['lines'][0]['held']}, asks {asked}, recount accepted {right['lines'][0]['accepted']}"
        + ("" if held else ", no exception"),
    )


def _posted(cast: Cast) -> Figure:
    names = ("valves-dayton", "fittings-dayton", "tools-dayton", "seals-tulsa", "pumps")

    def all_done() -> bool:
        states = [state for name in names for state in cast.message_states(MessageKind.ERP_RECEIPT, name)]
        return len(states) >= len(names) and set(states) == {"done"}

    cast.wait("receipts in the ERP", all_done)
    received = {
        record.order_ref: record.lines[0].quantity_received
        for record in cast.world.ask_erp(Entity.ORDER)
        if isinstance(record, ErpOrder)
    }
    expected = {"valves-dayton": 12, "fittings-dayton": 4, "tools-dayton": 15, "seals-tulsa": 3, "pumps": 12}
    actual = {name: int(received[cast.order(name).order_ref]) for name in names}
    return Figure(_listed(expected), _listed(actual))


def _listed(quantities: dict[str, int]) -> str:
    return ", ".join(f"{name} {quantity}" for name, quantity in quantities.items())
