"""One real Tryton per test process, on a copy of the seeded database, and a desk at every ERP."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from purveyor.connectors.erp.tryton.rpc import RpcCall
from tests.connectors.erp.desks import ROOT, Desk, FilesDesk, MemoryDesk, TrytonDesk

PYTHON = ROOT / ".venv-tryton" / "bin" / "python"
SCRIPTS = ROOT / "erp-demo" / "tryton"
ERPS = [
    pytest.param("memory", id="memory"),
    pytest.param("files", id="files"),
    pytest.param("tryton", id="tryton", marks=pytest.mark.tryton),
]
NUMBERS = count(1)


@contextmanager
def served_tryton(folder: Path) -> Iterator[Path]:
    """A Tryton of its own on a fresh copy of the seed; ``folder`` becomes its run folder."""
    if not PYTHON.exists():
        pytest.skip("the Tryton environment .venv-tryton is not installed (make .venv-tryton/.ready)")
    environment = {**os.environ, "PYTHONPATH": ""}
    built = subprocess.run([PYTHON, SCRIPTS / "build_seed.py"], capture_output=True, text=True, check=True, env=environment)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--seed", built.stdout.strip(), "--run-dir", str(folder), "--port", str(port)]
    command = [str(PYTHON), str(SCRIPTS / "serve.py"), *options]
    with (
        (folder / "server.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as server,
    ):
        assert server.stdout is not None
        assert server.stdout.readline().strip() == "ready", (folder / "server.log").read_text(encoding="utf-8")
        yield folder
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def tryton_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The run folder of the Tryton that most tests share."""
    with served_tryton(tmp_path_factory.mktemp("tryton")) as folder:
        yield folder


@pytest.fixture
def untouched_tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonDesk]:
    """A desk at a Tryton in which nobody has done anything yet."""
    with served_tryton(tmp_path_factory.mktemp("untouched")) as folder:
        desk = TrytonDesk(folder, lambda call: None)
        yield desk
        desk.close()


@pytest.fixture(scope="session")
def audit() -> list[RpcCall]:
    """Every call of the test run that reached for Tryton."""
    return []


@pytest.fixture(scope="session")
def kept_desk(tryton_folder: Path, audit: list[RpcCall]) -> Iterator[TrytonDesk]:
    """One desk for the whole run: signing in costs a slow password check."""
    desk = TrytonDesk(tryton_folder, audit.append)
    yield desk
    desk.close()


@pytest.fixture
def tryton_desk(kept_desk: TrytonDesk) -> TrytonDesk:
    """A desk at the served Tryton, with a sound cable."""
    kept_desk.cable.unplugged, kept_desk.cable.lose = False, None
    return kept_desk


@pytest.fixture(params=ERPS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """A desk at each ERP in turn."""
    if request.param == "memory":
        return MemoryDesk()
    if request.param == "files":
        return FilesDesk(tmp_path / "legacy")
    found: TrytonDesk = request.getfixturevalue("tryton_desk")
    return found


@pytest.fixture
def our_ref() -> str:
    """A reference of ours that no order carries yet."""
    return f"PV{next(NUMBERS):06d}"
