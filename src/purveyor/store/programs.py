"""Run ``pg_dump`` and ``pg_restore``: find those that fit the server, and hand them the address without showing a password."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from purveyor.core.errors import PurveyorError
from purveyor.store.addresses import plain_address
from purveyor.store.binaries import WHEELS, candidates, major_version

_VARIABLES: Final = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
}
SEES_EVERYTHING: Final = "-c purveyor.scope=system"
"""Row security is forced on the owner too; this setting lets it read every row."""


class NoDumpProgram(PurveyorError):
    """No pg_dump and pg_restore fit the server; install the client programs of its version, or set postgres_bin."""

    code = "no_dump_program"


class ProgramFailed(PurveyorError):
    """A database program ended with an error; what it said is given."""

    code = "database_program_failed"


def dump_programs(server_major: int, preferred: Path | None = None) -> Path:
    """Return the folder with programs of the server's major version, or of the nearest later one; raise NoDumpProgram.

    The system's programs come before the wheel's, which cannot speak TLS.
    """
    found = []
    for folder, source in candidates(preferred):
        if all((folder / name).is_file() for name in ("pg_dump", "pg_restore", "postgres")):
            major = major_version(folder)
            if major >= server_major:
                found.append((major, any(wheel in source for wheel in WHEELS), folder))
    if not found:
        raise NoDumpProgram(server=server_major)
    return min(found)[2]


def run_program(program: Path, arguments: list[str], owner_url: str) -> None:
    """Run a program against a database as its owner who sees every row; raise ProgramFailed with what it said."""
    given = conninfo_to_dict(plain_address(owner_url))
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGOPTIONS": SEES_EVERYTHING, "PGCONNECT_TIMEOUT": "10"}
    environment |= {_VARIABLES[name]: str(value) for name, value in given.items() if name in _VARIABLES and value is not None}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ProgramFailed(program=program.name, said=done.stderr.strip()[-600:])
