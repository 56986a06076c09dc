"""The page about installing on a Postgres of one's own is walked block by block, against PostgreSQL 15."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from purveyor.demo.partners.mailbox import free_port
from purveyor.store.binaries import server_user

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "install-external.md"
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "administrator of the test"


def blocks() -> list[str]:
    """The commands of the page in order; blocks without ``sh`` ask for something at the terminal."""
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def administrator() -> Iterator[dict[str, str]]:
    """A fresh cluster of PostgreSQL 15, and the environment that names its administrator."""
    if not (PROGRAMS / "initdb").exists():
        if os.environ.get("PURVEYOR_NO_SKIP"):
            pytest.fail("PostgreSQL 15 is not installed, and nothing may be skipped here")
        pytest.skip("PostgreSQL 15 is not installed")
    user, port = server_user(), free_port()
    uid, gid = (user.uid, user.gid) if user else (None, None)
    with tempfile.TemporaryDirectory(prefix="purveyor-howto-") as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD, "utf-8")
        for path in (folder, folder / "password"):
            os.chown(path, -1 if uid is None else uid, -1 if gid is None else gid)
        cluster = folder / "cluster"
        start = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"

        def run(program: str, *arguments: str) -> None:
            command = [str(PROGRAMS / program), *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=uid, group=gid)

        run("initdb", "-D", str(cluster), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}")
        run("pg_ctl", "start", "-w", "-D", str(cluster), "-o", start, "-l", str(folder / "log"))
        try:
            yield {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGPASSWORD": PASSWORD}
        finally:
            run("pg_ctl", "stop", "-D", str(cluster), "-m", "immediate")


@pytest.mark.long
def test_the_page_leads_from_an_empty_database_to_a_running_installation(administrator: dict[str, str], tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    command = programs / "purveyor"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m purveyor "$@"\n', "utf-8")
    command.chmod(0o755)
    # The page's own first line puts the checkout's environment in front; in a test this one's programs come after it.
    script = "\n".join(["set -euo pipefail", *blocks()]).replace('"$PWD/.venv/bin:$PATH"', f'"{programs}:$PATH"')
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **administrator,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "P": str(tmp_path / "installation"),
        "PORT": str(free_port()),
    }
    bash = shutil.which("bash")
    assert bash is not None

    # Into a file: the processes that the page leaves running hold the output open.
    with open(tmp_path / "said", "w", encoding="utf-8") as sink:
        walk = subprocess.Popen([bash, "-c", script], env=environment, cwd=ROOT, stdout=sink, stderr=sink, start_new_session=True)
    try:
        walk.wait(timeout=120)
    finally:
        os.killpg(walk.pid, signal.SIGTERM)
        walk.wait()
    said = (tmp_path / "said").read_text("utf-8")

    assert walk.returncode == 0, said
    assert "\nok" in said
    assert "2 alive" in said
    assert "first.backup: " in said


def test_every_block_of_the_page_is_walked_or_asks_at_the_terminal() -> None:
    fences = re.findall(r"^```(\w*)$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert len(blocks()) == fences.count("sh")
    assert set(fences) == {"sh", ""}
