"""A witness outside the database: each machine remembers the newest seal of the event log it has seen.

Whoever puts an old backup or another log in the place of ours would have to change the file of every machine as well. A log
that lost what was seen is told by ``/readyz``, the doctor, the workers and the restore, until a person accepts it.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from purveyor.store.db import Tx
from purveyor.store.tables.log import EVENT_SEAL

FILE_NAME: Final = "newest-seal.json"


@dataclass(frozen=True, slots=True)
class Seen:
    """A seal that was seen: its number, its root as hexadecimal digits, and when it was made (ISO 8601, UTC)."""

    number: int
    root: str
    sealed_at: str


@dataclass(frozen=True, slots=True)
class Regression:
    """The log lacks a seal that this machine has seen; ``newest`` is the number of the newest one it holds (0 = none)."""

    seen: Seen
    newest: int

    def __str__(self) -> str:
        return (
            f"the log ends at seal {self.newest}, but this machine has seen seal {self.seen.number} of {self.seen.sealed_at}"
            f" (root {self.seen.root[:16]})"
        )


def newest_seal(tx: Tx) -> Seen | None:
    """Return the newest seal of the log, None before the first."""
    row = tx.conn.execute(select(EVENT_SEAL).order_by(EVENT_SEAL.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else Seen(row.number, row.root.hex(), row.sealed_at.isoformat(timespec="seconds"))


def observe(tx: Tx, folder: Path) -> Regression | None:
    """Hold the log against what this machine has seen of it, and remember what is new; None when nothing is missing.

    A folder that cannot be written leaves this machine with the memory it has.
    """
    file, newest = folder / FILE_NAME, newest_seal(tx)
    seen = _remembered(file)
    if seen is not None:
        root = tx.conn.scalar(select(EVENT_SEAL.c.root).where(EVENT_SEAL.c.number == seen.number))
        if root is None or root.hex() != seen.root:
            return Regression(seen, newest.number if newest else 0)
    if newest is not None and newest != seen:
        with suppress(OSError):
            _remember(file, newest)
    return None


def accept(tx: Tx, folder: Path) -> None:
    """Go on from the log as it is now: forget what was seen and remember its newest seal."""
    newest = newest_seal(tx)
    (folder / FILE_NAME).unlink(missing_ok=True)
    if newest is not None:
        _remember(folder / FILE_NAME, newest)


def _remembered(file: Path) -> Seen | None:
    """Return what was written down; a file that cannot be read counts as none."""
    with suppress(OSError, ValueError, TypeError):
        return Seen(**json.loads(file.read_text("utf-8")))
    return None


def _remember(file: Path, seen: Seen) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
        json.dump(asdict(seen), target)
    unfinished.rename(file)
