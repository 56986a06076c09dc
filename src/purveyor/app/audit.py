"""Keep in the event log who searched it, who took rows of it away as a file, and who had its chains checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from purveyor.core.events.access import AuditChecked, AuditSearched
from purveyor.core.events.base import Ref
from purveyor.store import events
from purveyor.store.db import Tx

EVERYTHING: Final = "everything"


def note_search(tx: Tx, criteria: Mapping[str, str], rows: int, file: str | None = None) -> None:
    """Note what the actor searched the log for and how many rows he was shown; ``file`` is the kind of a download."""
    events.append(tx, [AuditSearched(stream=_stream(tx), refs=_units(tx), criteria=criteria, rows=rows, file=file)])


def note_check(tx: Tx, checked: str, count: int, broken: str | None) -> None:
    """Note which chains the actor had checked and where they do not fit; ``count`` is the number of events checked."""
    events.append(tx, [AuditChecked(stream=_stream(tx), refs=_units(tx), checked=checked, events=count, broken=broken)])


def _stream(tx: Tx) -> Ref:
    assert tx.actor.id is not None, "only people look into the log"
    return Ref("audit", tx.actor.id)


def _units(tx: Tx) -> tuple[Ref, ...]:
    """Return the actor's business units: who reads the log of none of them does not read what he looked for."""
    return tuple(Ref(events.UNIT_REF, unit) for unit in sorted(tx.actor.business_units))
