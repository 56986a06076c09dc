"""Drop folders: files that other programs leave for us and we for them, on a local disk or a share, for any number of workers.

A file is taken when it has rested for a while, by one worker, through an atomic rename; what we write appears whole or not at
all. Ages are read off the folder's own clock, so that it does not matter whose clock is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from purveyor.connectors.contract import PermanentError, RetryableError

MARK: Final = ".purveyor"
"""The empty file that says: this is the agreed folder, and not the bare place where a share should be mounted."""
FOLDERS: Final = ("from_erp", "to_erp", "claimed", "done", "archive", "bad", "corrections", "sent")
CLAIM_LASTS: Final = timedelta(minutes=10)
"""A file claimed longer ago belongs to a worker that is gone; reading it twice does no harm."""
_UNFINISHED: Final = (".part", ".tmp", ".filepart", ".crdownload")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that only we are reading: the name it came under, where it is now, what is in it, and when it was written."""

    name: str
    path: Path
    content: bytes
    written_at: datetime


class DropFolder:
    """The folders agreed with one outside system. ``settle`` is how long a file must rest; ``clock`` replaces the folder's."""

    def __init__(
        self, root: Path, *, settle: timedelta = timedelta(seconds=5), clock: Callable[[], datetime] | None = None
    ) -> None:
        self.root = root
        self._settle = settle
        self._clock = clock

    def open(self) -> None:
        """Make sure that this is the agreed folder and that all its parts are there. Raises RetryableError, PermanentError."""
        with reachable():
            if not (self.root / MARK).is_file():
                raise RetryableError(f"The folder {self.root} has no file {MARK}: it is not there, or its share is not mounted.")
            for name in FOLDERS:
                (self.root / name).mkdir(exist_ok=True)

    def now(self) -> datetime:
        """Return the time of the folder: what it stamps a file with that is written now."""
        if self._clock is not None:
            return self._clock()
        probe = self.root / "sent" / f".clock-{os.getpid()}"
        with reachable():
            probe.write_bytes(b"")
            return changed_at(probe)

    def names(self, part: str) -> list[str]:
        """Return the names of the finished files in a part, in order; hidden and unfinished ones are left out."""
        with reachable():
            return sorted(
                entry.name for entry in os.scandir(self.root / part) if entry.is_file() and not _is_unfinished(entry.name)
            )

    def settled(self, name: str) -> bool:
        """Say whether nobody has written a file that arrived for long enough."""
        now = self.now()
        with reachable():
            try:
                return now - changed_at(self.root / "from_erp" / name) >= self._settle
            except FileNotFoundError:
                return False

    def claim(self, name: str) -> Claimed | None:
        """Take a file that arrived for ourselves; None when somebody else was faster or it is being written after all."""
        source = self.root / "from_erp" / name
        target = self.root / "claimed" / f"{uuid4().hex}~{name}"
        with reachable():
            try:
                before = source.stat()
                content = source.read_bytes()
                source.rename(target)
            except FileNotFoundError:
                return None
            after = target.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
                target.rename(source)
                return None
        return Claimed(name, target, content, _moment(before.st_mtime_ns))

    def finish(self, claimed: Claimed, part: str, name: str) -> None:
        """Put a claimed file where it belongs now; a file there under this name has the same content and is replaced."""
        with reachable():
            claimed.path.replace(self.root / part / name)

    def give_back(self) -> None:
        """Let files be read again whose worker did not finish them."""
        now = self.now()
        for name in self.names("claimed"):
            path = self.root / "claimed" / name
            with reachable():
                try:
                    if now - changed_at(path) >= CLAIM_LASTS:
                        path.rename(self.root / "from_erp" / name.partition("~")[2])
                except FileNotFoundError:
                    continue

    def read(self, part: str, name: str) -> bytes | None:
        """Return a file's content; None when it is gone."""
        with reachable():
            try:
                return (self.root / part / name).read_bytes()
            except FileNotFoundError:
                return None

    def written_at(self, part: str, name: str) -> datetime:
        """Return when a file was last changed, by the folder's clock."""
        with reachable():
            return changed_at(self.root / part / name)

    def put(self, part: str, name: str, content: bytes) -> None:
        """Write a file so that nobody can see it half-written; a file of this name is replaced."""
        with reachable():
            self._whole(part, content).replace(self.root / part / name)

    def put_new(self, part: str, name: str, content: bytes) -> bool:
        """Write a file if there is none of this name; False when there is, also when another worker was faster."""
        with reachable():
            whole = self._whole(part, content)
            try:
                os.link(whole, self.root / part / name)
            except FileExistsError:
                return False
            finally:
                whole.unlink()
        return True

    def move(self, name: str, part: str, to: str) -> None:
        """Move a file that may have been moved already."""
        with reachable():
            try:
                (self.root / part / name).replace(self.root / to / name)
            except FileNotFoundError:
                return

    def discard(self, part: str, name: str) -> None:
        """Remove a file that may be gone already."""
        with reachable():
            (self.root / part / name).unlink(missing_ok=True)

    def _whole(self, part: str, content: bytes) -> Path:
        path = self.root / part / f".{uuid4().hex}.part"
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return path


def changed_at(path: Path) -> datetime:
    """Return when a file was last written or renamed; copying programs that keep old dates do not deceive it."""
    found = path.stat()
    return _moment(max(found.st_mtime_ns, found.st_ctime_ns))


def _moment(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _is_unfinished(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED)


@contextmanager
def reachable() -> Iterator[None]:
    """Turn what the disk says into the two failures of connectors."""
    try:
        yield
    except PermissionError as error:
        raise PermanentError(f"The account of Purveyor may not use {error.filename}.") from error
    except OSError as error:
        raise RetryableError(f"The folder cannot be used at the moment: {error.strerror or error}.") from error
