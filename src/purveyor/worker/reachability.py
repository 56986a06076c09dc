"""Ask each outside system whether it answers, for the doctor and for the page of integrations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol, runtime_checkable

from purveyor.app.diagnose import Check, Verdict
from purveyor.connectors.contract import Health
from purveyor.core.access import SYSTEM
from purveyor.core.messaging import ERP_CHANNEL, WMS_CHANNEL
from purveyor.store import interfaces
from purveyor.store.condition import interface
from purveyor.store.db import Database
from purveyor.store.interfaces import Found
from purveyor.store.jobs import Job
from purveyor.worker.connections import Connections

LOOK_JOB: Final = "look_at_interfaces"
NO_OWNER: Final = "IT"
_ADVICE: Final = {
    ERP_CHANNEL: "Orders wait for it. Look at its address and password in the connections file, then at the ERP itself.",
    WMS_CHANNEL: "Expected receipts wait. Look at [wms] in the connections file, then at the warehouse system.",
}
_CHANNEL_ADVICE: Final = "Orders move to each supplier's next channel. Look at the mail settings (smtp_host and the like)."


@runtime_checkable
class Answering(Protocol):
    """A connector that can be asked whether its other side answers."""

    def health(self) -> Health:
        """Say whether the other side answers."""


def found(connections: Connections) -> Iterator[Found]:
    """Ask each ERP, the warehouse system and each channel that has one address to ask."""
    systems: dict[str, object] = {
        interface(ERP_CHANNEL, instance): erp.connector for instance, erp in sorted(connections.erps.items())
    }
    if connections.wms is not None:
        systems[interface(WMS_CHANNEL, "")] = connections.wms
    systems |= {interface(name, ""): channel for name, channel in sorted(connections.channels.items())}
    for name, system in systems.items():
        if isinstance(system, Answering):
            health = system.health()
            yield Found(name, connections.owners.get(name, NO_OWNER), health.detail, health.reachable)


def reachable(connections: Connections) -> Iterator[Check]:
    """Yield a check for each outside system."""
    for one in found(connections):
        if one.reachable:
            yield Check(one.name, Verdict.OK, one.detail or "answers")
        else:
            advice = _ADVICE.get(one.name.partition(":")[0], _CHANNEL_ADVICE)
            yield Check(one.name, Verdict.FAIL, one.detail or "does not answer", advice)
    if not connections.erps:
        yield Check("ERPs", Verdict.WARN, "none is connected", "Name one in the connections file (docs/howto/connections.md).")


class Lookout:
    """Writes down every minute which outside systems answer, so that people see it on a page."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def look(self, database: Database, job: Job) -> None:
        """Ask all of them outside any transaction, then write down what was found."""
        seen = list(found(self._connections))
        with database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
            interfaces.note(tx, seen)
