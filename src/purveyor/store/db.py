"""The database and its transactions: who acts, which rows they may touch, and what time it is.

A transaction starts with one statement that sets actor, scope and role for its duration and reads both clocks. Nothing else
in the product asks for the time; without a scope every protected table is empty.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import Connection, create_engine, exc, text

from purveyor.core.access import Actor, Scope, ScopeKind, scope_of
from purveyor.core.ids import uuid7
from purveyor.store.addresses import driver_address, plain_address
from purveyor.store.failures import translated
from purveyor.store.json_types import dump_json, load_json
from purveyor.store.roles import ADVISORY, DEMO, PORTAL

POOL_WAIT_SECONDS: Final = 5
_ROLES: Final = {ScopeKind.SUPPLIER: PORTAL, ScopeKind.ADVISORY: ADVISORY}
"""The database role a scope steps into; every other one stays the runtime role."""
_ROW_SCOPES: Final = {ScopeKind.ADVISORY: ScopeKind.SYSTEM}
"""An advisory is limited by what its role may do at all, not by rows: a model serves every business unit."""
_IDS_PER_MILLISECOND: Final = 4096

_BEGIN: Final = text(
    """
    SELECT set_config('purveyor.scope', :scope, true), set_config('purveyor.unit_ids', :units, true),
           set_config('purveyor.supplier_id', :supplier, true), set_config('purveyor.actor_id', :actor, true),
           set_config('transaction_read_only', :read_only, true), set_config('role', :role, true),
           transaction_timestamp(), (SELECT ahead_by FROM clock_offset)
    """
)


@dataclass(frozen=True)
class Tx:
    """One open transaction: its connection, who acts, what may be touched, and the time (both UTC, constant within it).

    ``now`` is business time: due dates, SLAs, timers, the story. ``real_now`` is for leases, cursors and signatures.
    ``source`` says through which door the work came (web, api, job, an ERP); ``cause_id`` is the event that led to it.
    """

    conn: Connection
    actor: Actor
    scope: Scope
    now: datetime
    real_now: datetime
    correlation_id: UUID
    source: str = "purveyor"
    cause_id: UUID | None = None
    _ids: Iterator[int] = field(default_factory=count, repr=False)

    def new_id(self) -> UUID:
        """Return a new id (UUIDv7); ids of one transaction sort in the order they were made."""
        milliseconds, counter = divmod(next(self._ids), _IDS_PER_MILLISECOND)
        moment = self.real_now + timedelta(milliseconds=milliseconds)
        return uuid7(moment, counter.to_bytes(2, "big") + os.urandom(8))


class Database:
    """The pool of connections of one process, as the runtime role."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout_seconds: Decimal = Decimal(30),
        lock_timeout_seconds: Decimal = Decimal(5),
    ) -> None:
        limits = {
            "statement_timeout": f"{int(statement_timeout_seconds * 1000)}",
            "lock_timeout": f"{int(lock_timeout_seconds * 1000)}",
            "idle_in_transaction_session_timeout": "60000",
            "timezone": "UTC",
        }
        self.url: Final = plain_address(url)
        self._engine: Final = create_engine(
            driver_address(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            json_serializer=dump_json,
            json_deserializer=load_json,
            hide_parameters=True,
            connect_args={
                "application_name": "purveyor",
                "connect_timeout": 5,
                "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
            },
        )

    @contextmanager
    def transaction(
        self,
        actor: Actor,
        scope: Scope | None = None,
        correlation_id: UUID | None = None,
        *,
        source: str = "purveyor",
        cause_id: UUID | None = None,
    ) -> Iterator[Tx]:
        """Open a transaction; it commits when the block ends and rolls back when the block raises.

        Without ``scope`` the actor gets the narrowest that fits. Raises StoreUnavailable, StoreBusy and Conflict, all
        retryable: nothing was done.
        """
        with self._open(actor, scope, correlation_id, source, cause_id, read_only=False) as tx:
            yield tx

    @contextmanager
    def read(
        self, actor: Actor, scope: Scope | None = None, correlation_id: UUID | None = None, *, source: str = "purveyor"
    ) -> Iterator[Tx]:
        """Open a transaction in which the database refuses every write."""
        with self._open(actor, scope, correlation_id, source, None, read_only=True) as tx:
            yield tx

    def close(self) -> None:
        """Close every connection of the pool."""
        self._engine.dispose()

    @contextmanager
    def _open(
        self,
        actor: Actor,
        scope: Scope | None,
        correlation_id: UUID | None,
        source: str,
        cause_id: UUID | None,
        *,
        read_only: bool,
    ) -> Iterator[Tx]:
        granted = scope or scope_of(actor)
        with translated():
            connection, real_now, ahead_by = self._begin(actor, granted, read_only=read_only)
            with connection:
                correlation = correlation_id or uuid7(real_now, os.urandom(10))
                now = (real_now + ahead_by).astimezone(UTC)
                yield Tx(connection, actor, granted, now, real_now.astimezone(UTC), correlation, source, cause_id)
                connection.commit()

    def _begin(self, actor: Actor, scope: Scope, *, read_only: bool) -> tuple[Connection, datetime, timedelta]:
        """Take a connection and make it this actor's; a connection that died in the pool is replaced once."""
        settings = {
            "scope": _ROW_SCOPES.get(scope.kind, scope.kind).value,
            "units": "{" + ",".join(sorted(str(unit) for unit in scope.business_units)) + "}",
            "supplier": str(scope.supplier_id or ""),
            "actor": str(actor.id or ""),
            "read_only": "on" if read_only else "off",
            "role": _ROLES.get(scope.kind, "none"),
        }
        for last_try in (False, True):
            connection = self._engine.connect()
            try:
                row = connection.execute(_BEGIN, settings).one()
            except exc.DBAPIError as error:
                connection.close()
                if last_try or not error.connection_invalidated:
                    raise
            else:
                return connection, row[-2], row[-1]
        raise AssertionError("the loop returns or raises")


def move_clock(tx: Tx, ahead_by: timedelta) -> None:
    """Set how far business time runs ahead of real time (may be negative); allowed to the demo's role only."""
    tx.conn.execute(text("SELECT set_config('role', :role, true)"), {"role": DEMO})
    tx.conn.execute(text("UPDATE clock_offset SET ahead_by = :ahead_by"), {"ahead_by": ahead_by})
    tx.conn.execute(text("SELECT set_config('role', 'none', true)"))


def driver_connection(tx: Tx) -> psycopg.Connection[Any]:
    """Return the driver's own connection of this transaction, for COPY, server-side cursors and the job engine."""
    connection = tx.conn.connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def clock_difference(tx: Tx) -> timedelta:
    """Return how far this machine's clock runs ahead of the database's; leases use the latter, signatures and logs the former."""
    there: datetime = tx.conn.execute(text("SELECT clock_timestamp()")).scalar_one()
    return datetime.now(UTC) - there
