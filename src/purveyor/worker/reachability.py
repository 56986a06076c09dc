"""Ask each outside system whether it answers, for the doctor; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from purveyor.app.diagnose import Check, Verdict
from purveyor.connectors.contract import Health
from purveyor.worker.connections import Connections


@runtime_checkable
class Answering(Protocol):
    """A connector that can be asked whether its other side answers."""

    def health(self) -> Health:
        """Say whether the other side answers."""


def reachable(connections: Connections) -> Iterator[Check]:
    """Yield a check for each ERP, the warehouse system and each channel that has one address to ask."""
    away = "Orders go on and wait for it. Look at its address and password in the connections file, then at the system itself."
    for instance, erp in sorted(connections.erps.items()):
        yield _asked(f"ERP {instance}", erp.connector, away)
    if connections.wms is not None:
        yield _asked("warehouse system", connections.wms, "Expected receipts wait. Look at [wms] in the connections file.")
    for name, channel in sorted(connections.channels.items()):
        if isinstance(channel, Answering):
            told = "Orders move to each supplier's next channel. Look at the mail settings (smtp_host and the like)."
            yield _asked(f"channel {name}", channel, told)
    if not connections.erps:
        yield Check("ERPs", Verdict.WARN, "none is connected", "Name one in the connections file (docs/howto/connections.md).")


def _asked(name: str, system: Answering, advice: str) -> Check:
    health = system.health()
    if health.reachable:
        return Check(name, Verdict.OK, health.detail or "answers")
    return Check(name, Verdict.FAIL, health.detail or "does not answer", advice)
