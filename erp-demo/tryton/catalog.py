# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo distributor sells, from whom it buys, and what lies on its shelves.

Plain data without Tryton; the items stand in assortment.csv beside this file. Quantities are in the item's base unit unless a
comment says otherwise; supplier prices are per purchase unit, as the suppliers quote them.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

COMPANY = "Miami Valley Pump & Supply"
BUSINESS_DAY = "2026-03-09"
HISTORY_WEEKS = 13
PUMP_HISTORY_WEEKS = 52

WAREHOUSES = (
    # code, name, street, city, postal code
    ("DAY", "Dayton", "2200 Stanley Avenue", "Dayton", "45404"),
    ("TUL", "Tulsa", "6115 East 13th Street", "Tulsa", "74112"),
    ("RNO", "Reno", "1050 Freeport Boulevard", "Reno", "89431"),
)

UNITS = (
    # name, symbol, category, factor to the category's base unit (metre for lengths), digits
    ("Carton of 12", "ctn12", "Units", "12"),
    ("Box of 10", "box10", "Units", "10"),
    ("Bag of 100", "bag100", "Units", "100"),
    ("Pair", "pr", "Units", "2"),
    ("Stick of 20 ft", "stk20", "Length", "6.096"),
    ("Coil of 100 ft", "coil100", "Length", "30.48"),
)

COVER_DAYS = {"PMP-100": 60}
"""Days of sales an item may be stocked up to; the others: its supplier's lead time and five weeks more."""

PAYMENT_TERMS = (("Net 30", 30), ("Net 45", 45), ("Net 60", 60))

CURRENCY_RATES = (
    # units of the currency for one US dollar, by day
    ("EUR", "2026-01-01", "0.925926"),
    ("EUR", "2026-03-02", "0.917431"),
    ("CAD", "2026-01-01", "1.388889"),
    ("CAD", "2026-03-02", "1.369863"),
)


@dataclass(frozen=True)
class Supplier:
    """One supplier; hold is a purchasing hold, carried in Tryton as a party category."""

    code: str
    name: str
    city: str
    state: str
    term: str
    lead_days: int
    hold: bool = False


SUPPLIERS = (
    Supplier("KEYSTONE", "Keystone Pumps", "Lancaster", "PA", "Net 30", 10),
    Supplier("LAKESHORE", "Lakeshore Valve Works", "Erie", "PA", "Net 30", 14),
    Supplier("BUCKEYE", "Buckeye Fittings Company", "Akron", "OH", "Net 30", 5),
    Supplier("GULFPIPE", "Gulf Pipe & Tube", "Beaumont", "TX", "Net 45", 12),
    Supplier("TRUESEAL", "Trueseal Gaskets", "Fort Wayne", "IN", "Net 30", 7),
    Supplier("IRONHAND", "Ironhand Tool Supply", "Rockford", "IL", "Net 45", 6),
    Supplier("SIERRA", "Sierra Flow Controls", "Sparks", "NV", "Net 60", 9),
    Supplier("OZARK", "Ozark Motor & Drive", "Joplin", "MO", "Net 30", 15),
    Supplier("CASCADE", "Cascade Hydraulics", "Spokane", "WA", "Net 30", 20, hold=True),
)


@dataclass(frozen=True)
class Item:
    """One stocked item with its first supplier's terms: breaks are (minimum quantity, price) per purchase unit."""

    code: str
    name: str
    category: str
    base: str
    purchase: str
    sales_price: str
    supplier: str
    part_no: str
    breaks: tuple[tuple[str, str], ...]
    per_day: tuple[str, str, str]
    on_hand: tuple[int, int, int]
    status: str = "active"

    def cost(self, factor: Decimal) -> Decimal:
        """Return the cost of one base unit, given how many base units the purchase unit holds."""
        return (Decimal(self.breaks[0][1]) / factor).quantize(Decimal("0.0001"))


WAREHOUSE_COLUMNS = ("dayton", "tulsa", "reno")


def _items() -> tuple[Item, ...]:
    """Read assortment.csv: units by name, breaks as ``quantity:price``, sales a day and stock per warehouse."""
    with (Path(__file__).parent / "assortment.csv").open(encoding="utf-8", newline="") as table:
        return tuple(_item(row) for row in csv.DictReader(table))


def _item(row: dict[str, str]) -> Item:
    breaks = [part.partition(":") for part in row["breaks"].split()]
    return Item(
        **{name: row[name] for name in ("code", "name", "category", "base", "purchase", "sales_price", "supplier", "part_no")},
        breaks=tuple((quantity, price) for quantity, _, price in breaks),
        per_day=tuple(row[f"day_{place}"] for place in WAREHOUSE_COLUMNS),
        on_hand=tuple(int(row[f"hand_{place}"]) for place in WAREHOUSE_COLUMNS),
        status=row["status"],
    )


ITEMS = _items()

STALE_ITEM = ("TOO-130", "2024-11-18 09:00:00")
MASTER_STAMP = "2026-03-02 06:00:00"

SECOND_SOURCES = (
    # item, supplier, part number, lead days, breaks
    ("PMP-200", "OZARK", "OZ-SP33", 15, (("1", "98.90"), ("40", "91.20"))),
    ("VLV-075", "SIERRA", "SF-BV075", 9, (("1", "80.50"),)),
    ("PIP-050", "BUCKEYE", "BF-LT050", 5, (("1", "40.10"),)),
)

AGREEMENTS = (
    # reference, supplier, from, to, lines (item, quantity in purchase units, price per purchase unit)
    ("KP-2026", "KEYSTONE", "2026-01-01", "2026-12-31", (("PMP-100", "400", "1036.80"), ("PMP-120", "120", "1248.00"))),
    ("LV-2026", "LAKESHORE", "2026-01-01", "2026-06-30", (("VLV-050", "600", "54.00"), ("VLV-075", "500", "78.00"))),
)

OPEN_DEMAND = (
    # item, warehouse, quantity, planned day, customer reference, allocated
    ("PMP-100", "DAY", "12", "2026-03-11", "SO-48211", True),
    ("PMP-200", "DAY", "10", "2026-03-12", "SO-48219", True),
    ("VLV-050", "TUL", "80", "2026-03-13", "SO-48230", False),
    ("PIP-050", "RNO", "600", "2026-03-12", "SO-48226", True),
    ("FIT-050", "DAY", "400", "2026-03-17", "SO-48240", False),
    ("VLV-300", "RNO", "9", "2026-03-16", "SO-48237", False),
)
