"""Child processes of the demo: started with a log file each, watched until they answer, stopped in reverse order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

from purveyor.core.errors import PurveyorError


class ProcessFailed(PurveyorError):
    """A process of the demo did not start; its log says why."""

    code = "process_failed"


@dataclass
class Child:
    """One process: how to start it and how to tell that it answers."""

    name: str
    command: Sequence[str]
    log_file: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 90.0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers; raise ProcessFailed with the end of its log."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self.process = _spawn(self.command, {**os.environ, **self.environment}, log)
        pause = threading.Event()
        for _ in range(int(self.seconds / 0.1)):
            if self.process.poll() is not None:
                raise ProcessFailed(process=self.name, exit=self.process.returncode, log=_tail(self.log_file))
            if self.ready():
                return
            pause.wait(0.1)
        self.stop()
        raise ProcessFailed(process=self.name, waited=f"{self.seconds} s", log=_tail(self.log_file))

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float = 20.0) -> None:
        """Ask the process to end, and end it when it does not."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """End the process without asking (kill -9), with everything it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _spawn(command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


def _tail(log_file: Path, characters: int = 2000) -> str:
    return log_file.read_text("utf-8", "replace")[-characters:]


def answers(url: str) -> Callable[[], bool]:
    """Return a check that says whether an HTTP address answers with anything below 500."""

    def check() -> bool:
        try:
            return httpx.get(url, timeout=2.0, trust_env=False).status_code < 500
        except httpx.HTTPError:
            return False

    return check
