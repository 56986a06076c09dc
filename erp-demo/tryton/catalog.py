# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo distributor sells, from whom it buys, and what lies on its shelves.

Plain data without Tryton, so that it can be read in one go. Quantities are in the item's base unit unless a
comment says otherwise; supplier prices are per purchase unit, as the suppliers quote them.
"""

from dataclasses import dataclass
from decimal import Decimal

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


U, C12, B10, BAG, FT, STICK, COIL = "Unit", "Carton of 12", "Box of 10", "Bag of 100", "Foot", "Stick of 20 ft", "Coil of 100 ft"

ITEMS = (
    Item(
        "PMP-100",
        "Circulator pump 1/12 hp",
        "Pumps",
        U,
        C12,
        "139.00",
        "KEYSTONE",
        "KP-C112",
        (("1", "1036.80"), ("20", "998.40")),
        ("6", "4", "3"),
        (96, 140, 90),
    ),
    Item(
        "PMP-120",
        "Circulator pump 1/8 hp",
        "Pumps",
        U,
        C12,
        "168.00",
        "KEYSTONE",
        "KP-C118",
        (("1", "1248.00"), ("15", "1200.00")),
        ("3", "2", "2"),
        (84, 60, 48),
    ),
    Item(
        "PMP-150",
        "Circulator pump 1/6 hp, stainless",
        "Pumps",
        U,
        C12,
        "264.00",
        "KEYSTONE",
        "KP-C116S",
        (("1", "1980.00"), ("10", "1914.00")),
        ("1", "1", "1"),
        (36, 36, 24),
    ),
    Item(
        "PMP-200",
        "Submersible sump pump 1/3 hp",
        "Pumps",
        U,
        U,
        "149.00",
        "KEYSTONE",
        "KP-S13",
        (("1", "96.50"), ("24", "92.00")),
        ("4", "5", "2"),
        (130, 160, 70),
    ),
    Item(
        "PMP-220",
        "Submersible sump pump 1/2 hp",
        "Pumps",
        U,
        U,
        "189.00",
        "KEYSTONE",
        "KP-S12",
        (("1", "121.00"), ("24", "116.50")),
        ("2", "3", "1"),
        (70, 95, 40),
    ),
    Item(
        "PMP-300",
        "Shallow well jet pump 3/4 hp",
        "Pumps",
        U,
        U,
        "329.00",
        "OZARK",
        "OZ-J34",
        (("1", "214.00"), ("12", "205.00")),
        ("1", "1", "1"),
        (30, 34, 26),
    ),
    Item(
        "PMP-320",
        "Convertible jet pump 1 hp",
        "Pumps",
        U,
        U,
        "399.00",
        "OZARK",
        "OZ-J100",
        (("1", "262.00"),),
        ("1", "1", "1"),
        (28, 25, 22),
    ),
    Item(
        "PMP-400",
        "End suction pump 2 hp",
        "Pumps",
        U,
        U,
        "890.00",
        "CASCADE",
        "CH-ES2",
        (("1", "571.00"),),
        ("1", "0", "0"),
        (20, 0, 0),
    ),
    Item(
        "VLV-050",
        "Ball valve 1/2 in, brass",
        "Valves",
        U,
        B10,
        "9.40",
        "LAKESHORE",
        "LV-B050",
        (("1", "54.00"), ("20", "51.50")),
        ("20", "14", "10"),
        (620, 450, 300),
    ),
    Item(
        "VLV-075",
        "Ball valve 3/4 in, brass",
        "Valves",
        U,
        B10,
        "13.20",
        "LAKESHORE",
        "LV-B075",
        (("1", "78.00"), ("20", "74.50")),
        ("16", "12", "8"),
        (500, 380, 260),
    ),
    Item(
        "VLV-100",
        "Ball valve 1 in, brass",
        "Valves",
        U,
        B10,
        "19.80",
        "LAKESHORE",
        "LV-B100",
        (("1", "118.00"), ("20", "113.00")),
        ("10", "8", "6"),
        (320, 250, 190),
    ),
    Item(
        "VLV-200",
        "Gate valve 2 in, bronze",
        "Valves",
        U,
        U,
        "68.00",
        "LAKESHORE",
        "LV-G200",
        (("1", "41.50"), ("50", "39.75")),
        ("3", "2", "2"),
        (95, 70, 60),
    ),
    Item(
        "VLV-210",
        "Check valve 1-1/4 in",
        "Valves",
        U,
        U,
        "24.50",
        "LAKESHORE",
        "LV-C125",
        (("1", "14.20"), ("100", "13.60")),
        ("6", "5", "4"),
        (190, 160, 120),
    ),
    Item(
        "VLV-300",
        "Backflow preventer 3/4 in",
        "Valves",
        U,
        U,
        "142.00",
        "SIERRA",
        "SF-BP075",
        (("1", "88.00"), ("20", "84.50")),
        ("2", "1", "3"),
        (60, 34, 88),
    ),
    Item(
        "VLV-310",
        "Pressure reducing valve 3/4 in",
        "Valves",
        U,
        U,
        "96.00",
        "SIERRA",
        "SF-PR075",
        (("1", "58.40"), ("20", "56.00")),
        ("2", "2", "3"),
        (66, 60, 92),
    ),
    Item(
        "VLV-320",
        "Mixing valve 1/2 in, thermostatic",
        "Valves",
        U,
        U,
        "118.00",
        "SIERRA",
        "SF-MX050",
        (("1", "71.00"),),
        ("1", "1", "2"),
        (32, 30, 60),
    ),
    Item(
        "VLV-900",
        "Globe valve 1 in (replaced by VLV-100)",
        "Valves",
        U,
        U,
        "31.00",
        "LAKESHORE",
        "LV-O100",
        (("1", "18.70"),),
        ("0", "0", "0"),
        (14, 0, 0),
        "obsolete",
    ),
    Item(
        "FIT-050",
        "Elbow 90 1/2 in, copper",
        "Fittings",
        U,
        BAG,
        "1.10",
        "BUCKEYE",
        "BF-E050",
        (("1", "52.00"), ("10", "49.00")),
        ("90", "70", "50"),
        (2800, 2200, 1600),
    ),
    Item(
        "FIT-075",
        "Elbow 90 3/4 in, copper",
        "Fittings",
        U,
        BAG,
        "2.05",
        "BUCKEYE",
        "BF-E075",
        (("1", "98.00"), ("10", "93.00")),
        ("60", "50", "35"),
        (1900, 1500, 1100),
    ),
    Item(
        "FIT-060",
        "Tee 1/2 in, copper",
        "Fittings",
        U,
        BAG,
        "1.65",
        "BUCKEYE",
        "BF-T050",
        (("1", "79.00"), ("10", "75.50")),
        ("55", "40", "30"),
        (1700, 1250, 950),
    ),
    Item(
        "FIT-080",
        "Tee 3/4 in, copper",
        "Fittings",
        U,
        BAG,
        "3.30",
        "BUCKEYE",
        "BF-T075",
        (("1", "158.00"), ("10", "151.00")),
        ("40", "30", "20"),
        (1250, 950, 650),
    ),
    Item(
        "FIT-110",
        "Coupling 1/2 in, copper",
        "Fittings",
        U,
        BAG,
        "0.72",
        "BUCKEYE",
        "BF-C050",
        (("1", "34.00"), ("10", "32.00")),
        ("110", "80", "60"),
        (3400, 2500, 1900),
    ),
    Item(
        "FIT-120",
        "Coupling 3/4 in, copper",
        "Fittings",
        U,
        BAG,
        "1.45",
        "BUCKEYE",
        "BF-C075",
        (("1", "69.00"), ("10", "66.00")),
        ("70", "55", "40"),
        (2200, 1750, 1250),
    ),
    Item(
        "FIT-200",
        "Union 1 in, malleable iron",
        "Fittings",
        U,
        B10,
        "8.60",
        "BUCKEYE",
        "BF-U100",
        (("1", "49.50"), ("12", "47.00")),
        ("12", "9", "7"),
        (380, 290, 220),
    ),
    Item(
        "FIT-210",
        "Reducer 1 x 3/4 in, malleable iron",
        "Fittings",
        U,
        B10,
        "3.90",
        "BUCKEYE",
        "BF-R10075",
        (("1", "22.00"), ("12", "21.00")),
        ("15", "12", "9"),
        (480, 380, 280),
    ),
    Item(
        "FIT-300",
        "Flange 2 in, steel, 150 lb",
        "Fittings",
        U,
        U,
        "22.40",
        "BUCKEYE",
        "BF-F200",
        (("1", "13.10"), ("50", "12.40")),
        ("5", "4", "3"),
        (160, 130, 95),
    ),
    Item(
        "PIP-050",
        "Copper tube 1/2 in, type L",
        "Pipe",
        FT,
        STICK,
        "3.15",
        "GULFPIPE",
        "GP-L050",
        (("1", "38.40"), ("50", "36.80")),
        ("180", "140", "100"),
        (5600, 4400, 3200),
    ),
    Item(
        "PIP-075",
        "Copper tube 3/4 in, type L",
        "Pipe",
        FT,
        STICK,
        "4.90",
        "GULFPIPE",
        "GP-L075",
        (("1", "60.20"), ("50", "57.80")),
        ("140", "110", "80"),
        (4400, 3500, 2500),
    ),
    Item(
        "PIP-100",
        "Copper tube 1 in, type L",
        "Pipe",
        FT,
        STICK,
        "6.85",
        "GULFPIPE",
        "GP-L100",
        (("1", "84.00"), ("50", "80.60")),
        ("80", "60", "50"),
        (2500, 1900, 1600),
    ),
    Item(
        "PIP-200",
        "Black steel pipe 2 in",
        "Pipe",
        FT,
        STICK,
        "7.40",
        "GULFPIPE",
        "GP-S200",
        (("1", "91.00"), ("40", "87.50")),
        ("60", "50", "40"),
        (1900, 1600, 1300),
    ),
    Item(
        "PIP-300",
        "PEX tubing 1/2 in",
        "Pipe",
        FT,
        COIL,
        "0.62",
        "GULFPIPE",
        "GP-X050",
        (("1", "37.00"), ("25", "35.20")),
        ("500", "420", "360"),
        (15500, 13000, 11200),
    ),
    Item(
        "PIP-310",
        "PEX tubing 3/4 in",
        "Pipe",
        FT,
        COIL,
        "1.08",
        "GULFPIPE",
        "GP-X075",
        (("1", "64.50"), ("25", "61.80")),
        ("300", "260", "220"),
        (9400, 8200, 6900),
    ),
    Item(
        "SEA-100",
        "Mechanical seal 5/8 in",
        "Seals",
        U,
        B10,
        "18.50",
        "TRUESEAL",
        "TS-M062",
        (("1", "104.00"), ("10", "99.00")),
        ("8", "6", "5"),
        (260, 190, 160),
    ),
    Item(
        "SEA-110",
        "Mechanical seal 3/4 in",
        "Seals",
        U,
        B10,
        "22.00",
        "TRUESEAL",
        "TS-M075",
        (("1", "126.00"), ("10", "121.00")),
        ("6", "5", "4"),
        (190, 160, 125),
    ),
    Item(
        "SEA-200",
        "Flange gasket 2 in",
        "Seals",
        U,
        BAG,
        "0.95",
        "TRUESEAL",
        "TS-G200",
        (("1", "44.00"), ("20", "41.00")),
        ("45", "35", "25"),
        (1400, 1100, 800),
    ),
    Item(
        "SEA-210",
        "O-ring kit, 200 pieces",
        "Seals",
        U,
        U,
        "27.90",
        "TRUESEAL",
        "TS-K200",
        (("1", "15.80"), ("40", "14.90")),
        ("4", "3", "3"),
        (130, 95, 92),
    ),
    Item(
        "SEA-300",
        "Thread seal tape 1/2 in",
        "Seals",
        U,
        BAG,
        "0.88",
        "TRUESEAL",
        "TS-T050",
        (("1", "41.00"), ("20", "38.50")),
        ("60", "50", "40"),
        (1900, 1550, 1250),
    ),
    Item(
        "TOO-100",
        "Tube cutter 1/8 to 1-1/8 in",
        "Tools",
        U,
        U,
        "34.00",
        "IRONHAND",
        "IH-TC118",
        (("1", "19.60"), ("24", "18.40")),
        ("2", "2", "1"),
        (64, 62, 34),
    ),
    Item(
        "TOO-110",
        "Press jaw set 1/2 to 1 in",
        "Tools",
        U,
        U,
        "412.00",
        "IRONHAND",
        "IH-PJ100",
        (("1", "268.00"),),
        ("1", "1", "1"),
        (24, 22, 20),
    ),
    Item(
        "TOO-120",
        "Pipe wrench 18 in",
        "Tools",
        U,
        U,
        "47.50",
        "IRONHAND",
        "IH-PW18",
        (("1", "28.30"), ("24", "26.90")),
        ("2", "1", "1"),
        (64, 34, 32),
    ),
    Item(
        "TOO-130", "Basin wrench", "Tools", U, U, "23.00", "IRONHAND", "IH-BW11", (("1", "13.40"),), ("1", "1", "1"), (34, 33, 30)
    ),
    Item(
        "TOO-900",
        "Threading machine (discontinued)",
        "Tools",
        U,
        U,
        "2480.00",
        "IRONHAND",
        "IH-TM2",
        (("1", "1690.00"),),
        ("0", "0", "0"),
        (0, 0, 0),
        "inactive",
    ),
)

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
