"""Start, watch and stop our own Postgres server for trials, demos, tests and small sites.

Several processes share one server: each attaches under a file lock, the last one out stops it. Health is always a real
connection, never a pid file: a killed server can look alive while nobody has reaped it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from purveyor.core.errors import PurveyorError
from purveyor.store.binaries import Binaries, ServerUser, open_to_everyone, reachable_binaries, server_user
from purveyor.store.roles import OWNER, RUNTIME, ensure_roles, roles_missing

DATABASE: Final = "purveyor"
SUPERUSER: Final = "postgres"
LOOPBACK: Final = "127.0.0.1"
START_SECONDS: Final = 30
WATCH_SECONDS: Final = 0.5
PORT_SECONDS: Final = 5
"""How long a server that is dying may still hold the port that everybody knows, before another one is taken."""


class OtherMajorVersion(PurveyorError):
    """The data folder was made by another major version of Postgres; dump it with the old one and restore it."""

    code = "other_major_version"


class ForeignFolder(PurveyorError):
    """The data folder belongs to another user or cannot be reached by the server's user; choose another data_dir."""

    code = "foreign_folder"


class ServerDidNotStart(PurveyorError):
    """The database server did not start; its log says why."""

    code = "server_did_not_start"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords of the three logins of the embedded server, made at random and kept in a file only we can read."""

    superuser: str
    owner: str
    runtime: str


class EmbeddedServer:
    """One embedded cluster in one data folder; ``start`` attaches this process to it, ``stop`` detaches."""

    def __init__(self, folder: Path, binaries: Binaries, *, durable: bool = True, leave_running: bool = False) -> None:
        self.folder = folder
        self.binaries = binaries
        self.durable = durable
        self.leave_running = leave_running
        self.user: ServerUser | None = server_user()
        self._attached: int | None = None
        self._watch: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def cluster(self) -> Path:
        """The folder Postgres keeps its files in."""
        return self.folder / "cluster"

    def start(self) -> None:
        """Attach to the server, making and starting it first when needed; raise the errors of this module."""
        self._make_folder()
        with self._exclusive("start.lock"):
            if self._attached is None:
                self._attached = os.open(self.folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._attached, fcntl.LOCK_SH)
            self._bring_up()

    def stop(self) -> None:
        """Detach; the last process out stops the server unless it was told to leave it running."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
        if self._attached is None:
            return
        with self._exclusive("start.lock"):
            try:
                fcntl.flock(self._attached, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                last_one_out = False
            else:
                last_one_out = True
            if last_one_out and not self.leave_running:
                self._run("pg_ctl", "stop", "-D", str(self.cluster), "-m", "fast", "-w", check=False)
            os.close(self._attached)
            self._attached = None

    def watch(self) -> None:
        """Look every half second whether the server answers, and start it again when it does not."""
        self._watch = threading.Thread(target=self._watch_until_stopped, name="postgres-watch", daemon=True)
        self._watch.start()

    def url(self, login: str, database: str = DATABASE) -> str:
        """Return the address for one of the logins ``postgres``, ``purveyor_owner`` and ``purveyor_app``."""
        kept = self._credentials()
        password = {SUPERUSER: kept.superuser, OWNER: kept.owner, RUNTIME: kept.runtime}[login]
        return f"postgresql://{login}:{password}@{LOOPBACK}:{self._port()}/{database}"

    def answers(self) -> bool:
        """Say whether a real connection gets an answer from our own cluster (proved by its password and folder)."""
        try:
            with psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2) as connection:
                row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]) == self.cluster

    def _watch_until_stopped(self) -> None:
        """Ask over one kept connection; a new one per round would cost a password check each time."""
        connection: psycopg.Connection[Any] | None = None
        while not self._stopping.wait(WATCH_SECONDS):
            try:
                if connection is None:
                    connection = psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2, autocommit=True)
                connection.execute("SELECT 1")
            except psycopg.OperationalError:
                connection = None
                with self._exclusive("start.lock"), contextlib.suppress(ServerDidNotStart):
                    self._bring_up()
        if connection is not None:
            connection.close()

    def _bring_up(self) -> None:
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        self._refuse_unusable()
        if not self.answers():
            self._start_server()
        if not (self.folder / "ready").exists():
            self._ensure_database()
            (self.folder / "ready").touch()
        else:
            self._add_new_roles()

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self.user is not None and not open_to_everyone(self.folder):
            raise ForeignFolder(folder=str(self.folder), server_user=self.user.name)
        self.binaries = reachable_binaries(self.binaries, self.user, self.folder / "programs")

    def _refuse_unusable(self) -> None:
        owner = self.cluster.stat().st_uid
        if owner != (self.user.uid if self.user else os.geteuid()):
            raise ForeignFolder(folder=str(self.cluster), owner_uid=owner)
        major = int((self.cluster / "PG_VERSION").read_text(encoding="ascii"))
        if major != self.binaries.major:
            raise OtherMajorVersion(folder=str(self.cluster), made_by=major, programs=self.binaries.major)

    def _initialise(self) -> None:
        """Make a fresh cluster in a folder beside the final one, so that an interrupted start leaves nothing half-made."""
        fresh = self.folder / "cluster.part"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        credentials = Credentials(*(secrets.token_urlsafe(24) for _ in range(3)))
        password = self.folder / "initial-password"
        _write_private(password, credentials.superuser)
        if self.user is not None:
            os.chown(fresh, self.user.uid, self.user.gid)
            os.chown(password, self.user.uid, self.user.gid)
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=libc", "--locale=C", "--data-checksums")
        sync = () if self.durable else ("--no-sync",)
        try:
            self._run("initdb", "-D", str(fresh), "-U", SUPERUSER, f"--pwfile={password}", *options, *sync)
        finally:
            password.unlink()
        (self.folder / "port").write_text(str(_free_port(0)), encoding="ascii")
        _write_private(self.folder / "credentials.json", json.dumps(asdict(credentials)))
        fresh.rename(self.cluster)

    def _start_server(self) -> None:
        self._forget_dead_server()
        (self.folder / "port").write_text(str(_free_port(self._port())), encoding="ascii")
        configuration = self.cluster / "postgresql.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        (self.cluster / "pg_hba.conf").write_text(f"host all all {LOOPBACK}/32 scram-sha-256\n", encoding="utf-8")
        log = self.folder / "server.log"
        log.touch()
        if self.user is not None:
            os.chown(log, self.user.uid, self.user.gid)
        deadline = time.monotonic() + START_SECONDS
        while True:  # a killed server's children may hold its shared memory for a moment
            started = self._run("pg_ctl", "start", "-D", str(self.cluster), "-w", "-l", str(log), check=False)
            if started == 0 and self.answers():
                return
            if time.monotonic() > deadline:
                raise ServerDidNotStart(log=str(log))
            time.sleep(0.2)

    def _configuration(self) -> str:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self._port(),
            "unix_socket_directories": "",
            "max_connections": 100 if self.durable else 300,
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "jit": "off",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] %u@%d ",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        return "".join(f"{name} = '{value}'\n" for name, value in settings.items())

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that is dead but not reaped: Postgres would take the zombie for alive."""
        pid_file = self.cluster / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, ProcessLookupError):
            pid = int(pid_file.read_text(encoding="ascii").splitlines()[0])
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
            if state == "Z":
                pid_file.unlink()

    def _ensure_database(self) -> None:
        """Make the roles and the database; safe to repeat."""
        kept = self._credentials()
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            ensure_roles(connection, owner_password=kept.owner, runtime_password=kept.runtime)
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))

    def _add_new_roles(self) -> None:
        """Make the roles that came with a newer version than the one that made this folder."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            if roles_missing(connection):
                ensure_roles(connection)

    def _credentials(self) -> Credentials:
        return Credentials(**json.loads((self.folder / "credentials.json").read_text(encoding="utf-8")))

    def _port(self) -> int:
        return int((self.folder / "port").read_text(encoding="ascii"))

    @contextlib.contextmanager
    def _exclusive(self, name: str) -> Iterator[None]:
        handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        """Run one server program as the server's user; output goes to a file, because a started server keeps it open."""
        output = self.folder / "programs.log"
        with output.open("ab") as sink:
            finished = subprocess.run(
                [self.binaries.folder / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
                start_new_session=True,
                check=False,
            )
        if check and finished.returncode != 0:
            raise ServerDidNotStart(program=program, log=str(output))
        return finished.returncode


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _free_port(wanted: int) -> int:
    """Return the recorded port once it can be bound, else a free one (0 = none recorded)."""
    deadline = time.monotonic() + PORT_SECONDS
    while wanted and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return _bound(wanted)
        time.sleep(0.1)
    with contextlib.suppress(OSError):
        return _bound(0)
    raise ServerDidNotStart(reason="no free port on the loopback address")


def _bound(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        return int(probe.getsockname()[1])
