"""The drafts that planners and buyers leave in the ERP: clean ones, and one planted error of each kind.

Quantities and prices are in purchase units. ``stopped_by`` is the code the gate must name; empty for a clean draft.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from purveyor.core.canonical import Json

PLANNER: Final = "planner"
CARTON, BOX, BAG, STICK, COIL, PIECE = "Carton of 12", "Box of 10", "Bag of 100", "Stick of 20 ft", "Coil of 100 ft", "Unit"
"""Units by the names the ERP's people use."""


@dataclass(frozen=True, slots=True)
class Line:
    """One drafted line; ``price`` None was left empty, ``need_by`` None too."""

    item: str
    quantity: str
    unit: str
    price: str | None
    need_by: str | None = "2026-04-06"


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft. ``name`` is how the story calls it; ``typist`` is who entered it, the planner's are made by the ERP."""

    name: str
    supplier: str
    warehouse: str
    lines: tuple[Line, ...]
    typist: str = PLANNER
    stopped_by: str = ""

    def as_action(self) -> dict[str, Json]:
        """Write the draft the way the purchasing desk's script takes it."""
        return {
            "do": "draft",
            "supplier": self.supplier,
            "warehouse": self.warehouse,
            "origin": "planned" if self.typist == PLANNER else "typed",
            "typist": self.typist,
            "order_date": "2026-03-09",
            "lines": [
                {
                    "item": line.item,
                    "quantity": line.quantity,
                    "unit": line.unit,
                    "unit_price": line.price,
                    "need_by": line.need_by,
                }
                for line in self.lines
            ],
        }


PUMPS: Final = Draft(
    "pumps", "KEYSTONE", "DAY", (Line("PMP-100", "240", CARTON, "1036.80", "2026-03-23"),), "M. Bell", "PACK_SLIP"
)

CLEAN: Final = (
    Draft("valves-dayton", "LAKESHORE", "DAY", (Line("VLV-050", "12", BOX, "54.00"), Line("VLV-100", "8", BOX, "118.00"))),
    Draft("valves-tulsa", "LAKESHORE", "TUL", (Line("VLV-075", "10", BOX, "78.00"), Line("VLV-210", "60", PIECE, "14.20"))),
    Draft("valves-reno", "LAKESHORE", "RNO", (Line("VLV-200", "30", PIECE, "41.50"),)),
    Draft(
        "fittings-dayton",
        "BUCKEYE",
        "DAY",
        (Line("FIT-050", "6", BAG, "52.00"), Line("FIT-110", "8", BAG, "34.00"), Line("FIT-300", "30", PIECE, "13.10")),
        "D. Whitfield",
    ),
    Draft("fittings-tulsa", "BUCKEYE", "TUL", (Line("FIT-075", "4", BAG, "98.00"), Line("FIT-200", "6", BOX, "49.50"))),
    Draft("fittings-reno", "BUCKEYE", "RNO", (Line("FIT-120", "3", BAG, "69.00"), Line("FIT-210", "7", BOX, "22.00"))),
    Draft("pipe-dayton", "GULFPIPE", "DAY", (Line("PIP-050", "40", STICK, "38.40"),)),
    Draft("pipe-tulsa", "GULFPIPE", "TUL", (Line("PIP-100", "30", STICK, "84.00"),)),
    Draft("pipe-reno", "GULFPIPE", "RNO", (Line("PIP-300", "20", COIL, "37.00"),)),
    Draft("seals-dayton", "TRUESEAL", "DAY", (Line("SEA-100", "6", BOX, "104.00"), Line("SEA-210", "30", PIECE, "15.80"))),
    Draft("seals-tulsa", "TRUESEAL", "TUL", (Line("SEA-110", "4", BOX, "126.00"),)),
    Draft("seals-reno", "TRUESEAL", "RNO", (Line("SEA-200", "2", BAG, "44.00"),)),
    Draft("tools-dayton", "IRONHAND", "DAY", (Line("TOO-100", "15", PIECE, "19.60"), Line("TOO-120", "12", PIECE, "28.30"))),
    Draft("tools-tulsa", "IRONHAND", "TUL", (Line("TOO-110", "10", PIECE, "268.00"),), "D. Whitfield"),
    Draft("controls-reno", "SIERRA", "RNO", (Line("VLV-300", "15", PIECE, "88.00"), Line("VLV-310", "18", PIECE, "58.40"))),
    Draft("controls-dayton", "SIERRA", "DAY", (Line("VLV-320", "10", PIECE, "71.00"),)),
    Draft("jets-dayton", "OZARK", "DAY", (Line("PMP-300", "10", PIECE, "214.00"),)),
    Draft("jets-tulsa", "OZARK", "TUL", (Line("PMP-320", "8", PIECE, "262.00"),)),
    Draft("sumps-tulsa", "KEYSTONE", "TUL", (Line("PMP-200", "20", PIECE, "96.50"),)),
    Draft("pumps-reno", "KEYSTONE", "RNO", (Line("PMP-120", "2", CARTON, "1248.00"),)),
)

OVER_LIMIT: Final = (Draft("pipe-for-approval", "GULFPIPE", "DAY", (Line("PIP-075", "90", STICK, "57.80"),), "M. Bell"),)

PLANTED: Final = (
    PUMPS,
    Draft("on-hold", "CASCADE", "DAY", (Line("PMP-400", "5", PIECE, "571.00"),), "M. Bell", "SUPPLIER_ON_HOLD"),
    Draft("inactive-item", "IRONHAND", "DAY", (Line("TOO-900", "1", PIECE, "1690.00"),), "D. Whitfield", "ITEM_STALE"),
    Draft("obsolete-item", "LAKESHORE", "DAY", (Line("VLV-900", "10", PIECE, "18.70"),), "D. Whitfield", "ITEM_STALE"),
    Draft("old-price", "LAKESHORE", "TUL", (Line("VLV-050", "10", BOX, "59.00"),), "D. Whitfield", "PRICE_MISMATCH"),
    Draft("price-slip", "SIERRA", "TUL", (Line("VLV-310", "10", PIECE, "584.00"),), "M. Bell", "PRICE_KEYING"),
    Draft("typed-twice", "BUCKEYE", "DAY", (Line("FIT-050", "6", BAG, "52.00"),), "M. Bell", "PROBABLE_DUPLICATE"),
    Draft("unfinished", "TRUESEAL", "DAY", (Line("SEA-300", "4", BAG, None, None),), "D. Whitfield", "UNIT_PRICE_MISSING"),
    Draft("too-many", "IRONHAND", "RNO", (Line("TOO-100", "40", PIECE, "18.40"),), "M. Bell", "OVER_MAX"),
)

DRAFTS: Final = (*CLEAN, *OVER_LIMIT, *PLANTED)
