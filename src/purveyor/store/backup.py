"""Back up the whole database into one file, and restore it into an empty one; the event log is proved on both ends.

The file is a tar archive: ``manifest.json`` (what it is, when it was taken, the newest seal, the digest of the dump) and
``database.dump`` (pg_dump's own format). Both are of one snapshot, so the manifest speaks of exactly what is in the dump.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psycopg

from purveyor.core.errors import PurveyorError
from purveyor.store import migrations
from purveyor.store.addresses import plain_address
from purveyor.store.failures import translated
from purveyor.store.programs import SEES_EVERYTHING, dump_programs, run_program

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
_CHUNK: Final = 1 << 20

_FACTS: Final = """
    SELECT pg_export_snapshot(), to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           current_setting('server_version_num')::int / 10000, (SELECT version_num FROM alembic_version),
           (SELECT count(*) FROM event), (SELECT count(*) FROM event_head),
           (SELECT count(*) FROM event_seal), (SELECT encode(root, 'hex') FROM event_seal ORDER BY number DESC LIMIT 1)
"""


class UnusableBackup(PurveyorError):
    """This file cannot be restored here; the reason is named."""

    code = "unusable_backup"


class DatabaseNotEmpty(PurveyorError):
    """A backup is restored into an empty database only; nothing was changed. Make a new database and name it in DATABASE_URL."""

    code = "database_not_empty"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: ``root`` is the newest seal of the event log, ``sha256`` the digest of the dump."""

    format: int
    product: str
    taken_at: str
    server: int
    revision: str
    events: int
    streams: int
    seals: int
    root: str | None
    sha256: str = ""


def back_up(owner_url: str, file: Path, programs: Path | None = None) -> Manifest:
    """Write a backup of the database to a new file, whole or not at all; the file is readable by its owner only.

    Raises UnusableBackup when the file exists, NoDumpProgram, ProgramFailed, StoreUnavailable.
    """
    if file.exists():
        raise UnusableBackup(file=str(file), reason="there is a file of this name already")
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        dump = Path(folder) / DUMP
        with translated(), psycopg.connect(plain_address(owner_url), options=SEES_EVERYTHING) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row: tuple[Any, ...] | None = connection.execute(_FACTS).fetchone()
            assert row is not None
            snapshot, taken_at, server, revision, events, streams, seals, root = row
            # The transaction stays open meanwhile: the dump reads the snapshot that the facts come from.
            arguments = ["--format=custom", "--enable-row-security", "--no-owner", f"--snapshot={snapshot}", f"--file={dump}"]
            run_program(dump_programs(server, programs) / "pg_dump", arguments, owner_url)
        product = version("purveyor")
        manifest = Manifest(FORMAT, product, taken_at, server, revision, events, streams, seals, root, _digest(dump))
        (Path(folder) / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
        whole = Path(folder) / "whole"
        with tarfile.open(whole, "w") as archive:
            for name in (MANIFEST, DUMP):
                archive.add(Path(folder) / name, arcname=name)
        whole.chmod(0o600)
        os.link(whole, file)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Return what a backup says about itself; raise UnusableBackup when it is none, or one of a newer product."""
    try:
        with tarfile.open(file, "r:") as archive:
            member = archive.extractfile(MANIFEST)
            manifest = Manifest(**json.loads(member.read() if member else b""))
    except (OSError, tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise UnusableBackup(file=str(file), reason=f"it is no backup of Purveyor ({type(error).__name__})") from error
    if manifest.format != FORMAT or not migrations.knows(manifest.revision):
        reason = f"it was made by version {manifest.product} at revision {manifest.revision}, which this version does not know"
        raise UnusableBackup(file=str(file), reason=reason)
    return manifest


def restore(owner_url: str, file: Path, programs: Path | None = None) -> Manifest:
    """Fill an empty database from a backup, in one transaction; the roles must be there. Verifying the log is the caller's.

    Raises DatabaseNotEmpty, UnusableBackup, NoDumpProgram, ProgramFailed, StoreUnavailable.
    """
    manifest = read_manifest(file)
    with translated(), psycopg.connect(plain_address(owner_url)) as connection:
        row = connection.execute(
            """
            SELECT current_setting('server_version_num')::int / 10000,
                   (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
            """
        ).fetchone()
    assert row is not None
    major, tables = row
    if tables:
        raise DatabaseNotEmpty
    with tempfile.TemporaryDirectory(prefix="purveyor-restore-") as folder:
        dump = Path(folder) / DUMP
        _extract(file, dump)
        if _digest(dump) != manifest.sha256:
            raise UnusableBackup(file=str(file), reason="the dump inside is damaged: its digest differs from the manifest's")
        arguments = ["--dbname=", "--single-transaction", "--exit-on-error", "--no-owner", str(dump)]
        run_program(dump_programs(major, programs) / "pg_restore", arguments, owner_url)
    return manifest


def _extract(file: Path, target: Path) -> None:
    try:
        with tarfile.open(file, "r:") as archive, open(target, "wb") as sink:
            member = archive.extractfile(DUMP)
            while member is not None and (chunk := member.read(_CHUNK)):
                sink.write(chunk)
    except (tarfile.TarError, KeyError) as error:
        raise UnusableBackup(file=str(file), reason="it is cut off") from error


def _digest(file: Path) -> str:
    with open(file, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
