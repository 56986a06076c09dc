"""Small builders for the store's tests: actors, scopes, and an event that stands for any other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sqlalchemy import insert

from purveyor.core.access import Actor, ActorKind, Role, Scope, ScopeKind
from purveyor.core.events.base import Event, Ref
from purveyor.store.db import Tx
from purveyor.store.tables.parties import BUSINESS_UNIT


@dataclass(frozen=True, kw_only=True)
class CrateCounted(Event):
    """Somebody counted a crate; exists in tests only."""

    type: ClassVar[str] = "crate.counted"
    pieces: Decimal = Decimal(1)
    marking: str = ""


def counted(crate: UUID, pieces: int = 1, *, reason: str | None = None, refs: tuple[Ref, ...] = ()) -> CrateCounted:
    """One event on the stream of a crate."""
    return CrateCounted(stream=Ref("crate", crate), pieces=Decimal(pieces), reason=reason, refs=refs)


def a_buyer(user: UUID, *business_units: UUID) -> Actor:
    """A buyer of some business units."""
    return Actor(ActorKind.USER, user, roles=frozenset({Role.BUYER}), business_units=frozenset(business_units))


def a_supplier(supplier: UUID) -> Actor:
    """Somebody who works for a supplier."""
    return Actor(ActorKind.SUPPLIER, roles=frozenset({Role.SUPPLIER}), supplier_id=supplier)


def nobody() -> Scope:
    """The scope that sees nothing."""
    return Scope(ScopeKind.NONE)


def a_business_unit(tx: Tx, code: str) -> UUID:
    """A business unit that is in the database."""
    unit = tx.new_id()
    row = {"id": unit, "code": code, "name": f"Unit {code}", "currency": "USD", "country": "US"}
    tx.conn.execute(insert(BUSINESS_UNIT).values(**row))
    return unit
