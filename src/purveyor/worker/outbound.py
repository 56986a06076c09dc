"""Send what was queued: claim a message, talk to the other side outside any transaction, record the outcome in one app call.

A worker that dies in between leaves a lease that runs out; the next attempt looks our reference up before it writes again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from purveyor.app import access_links, outbound, outgoing
from purveyor.app.outbound import Failure
from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.identity.mail import AccountMail
from purveyor.connectors.suppliers.contract import SupplierDocument
from purveyor.core.access import SYSTEM
from purveyor.core.errors import PurveyorError
from purveyor.core.ids import MessageId
from purveyor.settings import Settings
from purveyor.store import messages
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Job
from purveyor.store.messages import Claim
from purveyor.worker.connections import Connections

CHANNEL_LEASE: Final = timedelta(minutes=1)
T = TypeVar("T")
R = TypeVar("R")


def send(
    database: Database,
    job: Job,
    prepare: Callable[[Tx, Claim], T | None],
    call: Callable[[Claim, T], R],
    record: Callable[[Tx, Claim, R], object],
    *,
    lease: timedelta = CHANNEL_LEASE,
    at_once: int | None = None,
    away: timedelta | None = None,
) -> None:
    """Make one attempt at a message: ``prepare`` what to say, ``call`` the other side, ``record`` what came of it.

    A message for which ``prepare`` has nothing to say any more ends there.
    ``away``: a partner that cannot be reached costs no attempt, the message waits this long (an ERP may be away for days).
    """
    message_id = MessageId(UUID(job.payload["message_id"]))
    with database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
        held = messages.claim(tx, message_id, lease=lease, at_once=at_once)
        if held is None:
            return
        try:
            prepared = prepare(tx, held)
        except PurveyorError as error:
            if error.retryable:
                raise
            outbound.mark_failed(tx, held, Failure(error.code, str(error), permanent=True))
            return
        if prepared is None:
            outbound.withdraw(tx, held)
            return
    try:
        result = call(held, prepared)
    except RetryableError as error:
        with database.transaction(SYSTEM, correlation_id=held.message.correlation_id, source="job") as tx:
            if away is not None:
                messages.postpone(tx, held, max(away, error.retry_after or away), error.message)
            else:
                outbound.mark_failed(tx, held, Failure("partner_away", error.message, asked_wait=error.retry_after))
        return
    except PermanentError as error:
        with database.transaction(SYSTEM, correlation_id=held.message.correlation_id, source="job") as tx:
            outbound.mark_failed(tx, held, Failure("partner_refused", error.message, permanent=True))
        return
    with database.transaction(SYSTEM, correlation_id=held.message.correlation_id, source=held.message.channel) as tx:
        record(tx, held, result)


class ToSuppliers:
    """Orders, changes, reminders and cancellations to suppliers, on the channel the message stands on."""

    def __init__(self, connections: Connections, settings: Settings) -> None:
        self._connections = connections
        self._settings = settings

    def send(self, database: Database, job: Job) -> None:
        """Send one message; what fails moves to the supplier's next channel."""
        send(database, job, self._prepare, self._call, self._record)

    def _prepare(self, tx: Tx, held: Claim) -> SupplierDocument | None:
        said = outgoing.for_supplier(tx, held.message, self._connections.company)
        if said is None:
            return None
        return SupplierDocument(
            message_id=str(held.message.id),
            kind=said.kind,
            order_ref=said.order_ref,
            version=said.version,
            supplier_name=said.supplier.name,
            content=said.content,
            link=f"{self._settings.base_url}/s/{said.link_token}" if said.link_token else None,
            sent_at=tx.real_now,
            email=said.supplier.email,
            api_url=said.supplier.api_url,
            api_secret=self._connections.secret_of(said.supplier.code),
        )

    def _call(self, held: Claim, document: SupplierDocument) -> str | None:
        channel = self._connections.channels.get(held.message.channel)
        if channel is None:
            raise PermanentError(f"No channel called {held.message.channel} is set up here.")
        return channel.send(document).remote_id

    def _record(self, tx: Tx, held: Claim, remote_id: str | None) -> None:
        outbound.mark_sent(tx, held, {"remote_id": remote_id})


class ToWarehouse:
    """Expected receipts to the warehouse system."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def announce(self, database: Database, job: Job) -> None:
        """Tell the warehouse what to await for one order and site."""
        send(database, job, lambda tx, held: outgoing.for_warehouse(tx, held.message), self._call, self._record)

    def _call(self, held: Claim, expected: outgoing.ExpectedReceipt) -> str:
        if self._connections.wms is None:
            return "no_wms"
        self._connections.wms.announce(expected.key, expected.content, str(held.message.id))
        return "accepted"

    def _record(self, tx: Tx, held: Claim, outcome: str) -> None:
        outbound.mark_sent(tx, held, {"outcome": outcome})


class ToPeople:
    """Links to set a password, by mail to our own people."""

    def __init__(self, connections: Connections, settings: Settings) -> None:
        self._connections = connections
        self._settings = settings

    def send(self, database: Database, job: Job) -> None:
        """Send one link; each attempt carries a token of its own, and only the last one opens."""
        send(database, job, self._prepare, self._call, lambda tx, held, _: outbound.mark_sent(tx, held))

    def _prepare(self, tx: Tx, held: Claim) -> AccountMail | None:
        said = access_links.for_mail(tx, held.message)
        if said is None:
            return None
        return AccountMail(
            message_id=str(held.message.id),
            kind=said.purpose,
            name=said.name,
            login=said.login,
            to=said.mail,
            link=f"{self._settings.base_url}/welcome/{said.token}",
            sent_at=tx.real_now,
        )

    def _call(self, held: Claim, mail: AccountMail) -> None:
        if self._connections.people is None:
            raise PermanentError("No mail server is set up here; set smtp_host, then send again.")
        self._connections.people.send(mail)
