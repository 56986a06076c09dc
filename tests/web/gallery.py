"""A page that exists only in tests: every component once, with the words and figures of a real day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import Actor, ActorKind, Permission, Role
from purveyor.core.finding import FactUsed, Finding, Result, Section, Severity
from purveyor.core.lifecycle import Status
from purveyor.core.money import Money
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.flashes import go_to
from purveyor.web.listing import listing_of
from purveyor.web.main import PARTS, create_app
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import page_router
from purveyor.web.templating import page
from purveyor.web.words import Word

NOW: Final = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
DANA: Final = Actor(
    ActorKind.USER, id=UUID(int=1), roles=frozenset({Role.BUYER, Role.APPROVER}), business_units=frozenset({UUID(int=2)})
)
router = page_router()


@dataclass(frozen=True)
class Row:
    """One order of the gallery's table."""

    id: str
    ref: str
    supplier: str
    status: Status
    due: datetime | None
    quantity: Decimal
    amount: Decimal
    stake: Decimal | None


@dataclass(frozen=True)
class Entry:
    """One entry of the gallery's timeline."""

    at: datetime
    text: str
    who: str
    source: str
    tone: str
    icon: str
    note: str | None = None
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of the gallery's approval chain."""

    title: str
    who: str
    state: Word
    at: datetime | None = None
    note: str | None = None


ROWS: Final = (
    Row(
        "1",
        "PV00012C",
        "Keystone Pumps, Inc.",
        Status.PENDING_APPROVAL,
        NOW - timedelta(hours=6),
        Decimal(20),
        Decimal("19968"),
        Decimal("228096"),
    ),
    Row(
        "2",
        "PV00012D",
        "Miami Valley Fittings & Valves Company",
        Status.ISSUED,
        NOW + timedelta(hours=30),
        Decimal("1240"),
        Decimal("41270"),
        None,
    ),
    Row(
        "3",
        "PV00012E",
        "Tulsa Pipe",
        Status.ACKNOWLEDGED,
        NOW + timedelta(days=9),
        Decimal("12.5"),
        Decimal("312.4"),
        Decimal("3336"),
    ),
    Row("4", "PV00012F", "Reno Seals", Status.DRAFT, None, Decimal(6), Decimal("88.2"), None),
)
FINDINGS: Final = (
    Finding(
        "PV00012C",
        1,
        "R-QTY-STOCK",
        "OVER_MAX",
        Result.FAIL,
        Severity.BLOCK,
        Section.QUANTITY,
        "240 cartons are 2,880 pumps, about 69 weeks of demand at 42 a week.",
        expected="20 cartons",
        actual="240 cartons",
        exposure=Decimal("228096"),
        currency="USD",
        policy="9f86d081",
        facts=(
            FactUsed("Demand a week", "42 pumps", NOW - timedelta(hours=6), "Tryton"),
            FactUsed("On hand", "96 pumps", NOW - timedelta(minutes=12), "Tryton"),
        ),
        arithmetic="240 × 12 = 2,880 pumps; 2,880 / 42 = 68.6 weeks",
        suggestion="Order 20 cartons instead.",
    ),
    Finding(
        "PV00012C",
        2,
        "R-NEED-BY",
        "LEAD_TIME_RISK",
        Result.STALE,
        Severity.WARN,
        Section.INVENTORY,
        "The stock figure of Dayton is too old to say whether 14 days are enough.",
        facts=(FactUsed("Stock in Dayton", "84 pumps", None, "file"),),
    ),
)
STEPS: Final = (
    Step("Line manager", "Robin Lee for Sam Carter (away)", Word("Approved", "good", "check"), NOW, "Twenty cartons are right."),
    Step("Category manager", "Priya Nair", Word("Waiting for approval", "wait", "hourglass")),
)
ENTRIES: Final = (
    Entry(
        NOW,
        "Approved by the delegate",
        "Robin Lee",
        "web",
        "good",
        "check",
        "Twenty cartons are right.",
        (("Event", "018f3c5e-77aa"),),
    ),
    Entry(NOW - timedelta(hours=2), "Stopped by the gate: 240 cartons instead of 20", "Purveyor", "rule", "bad", "hand-stop"),
    Entry(NOW - timedelta(hours=3), "Draft pulled from the ERP", "Purveyor", "Tryton", "neutral", "download"),
)


@router.get("/gallery")
def gallery(request: Request) -> Response:
    """Show every component."""
    request.state.viewer = replace(request.state.viewer, actor=DANA, name="Dana Ortiz", time_zone="America/New_York")
    listing = listing_of(request, sorts=("due", "amount", "ref"), default="-due", filters=("status", "supplier")).with_next("abc")
    return page(
        request,
        "gallery.html",
        now=NOW,
        listing=listing,
        rows=ROWS,
        findings=FINDINGS,
        steps=STEPS,
        entries=ENTRIES,
        total=Money(Decimal("41270"), "USD"),
        price=Decimal("1.0375"),
        share=Decimal("0.125"),
        day=date(2026, 3, 23),
        moment=NOW - timedelta(hours=6),
        figures=[
            ("Stopped before release", Money(Decimal("228096"), "USD"), "1 order, 20 cartons stay ordered"),
            ("Saved by price breaks", Money(Decimal("768"), "USD"), None),
            ("At stake", Money(Decimal("3336"), "USD"), "Dayton, 24 pumps short"),
        ],
    )


@router.post("/gallery")
def decided(request: Request) -> Response:
    """Pretend to decide, and say so on the next page."""
    return go_to(request, "/gallery", "Approved: the order goes to Keystone Pumps today.")


PART: Final = Part(
    "gallery",
    (router,),
    tuple(
        NavItem(label, href, icon, Permission.ORDER_READ)
        for label, href, icon in (
            ("Inbox", "/inbox", "inbox"),
            ("Orders", "/gallery", "file-text"),
            ("Approvals", "/approvals", "clipboard-check"),
            ("Exceptions", "/exceptions", "alert-triangle"),
            ("Messages", "/messages", "mail"),
        )
    ),
    templates=Path(__file__).parent,
)


def gallery_app(settings: Settings) -> FastAPI:
    """Build the application with the gallery; its pages read no database."""
    return create_app(Database("postgresql://nobody@127.0.0.1:1/none"), settings, (*PARTS, PART))
