"""A worker process of the fault tests: the product's own registry and loop, connected to the partners of the test.

Run as ``python -m tests.chaos.a_worker JSON``; the JSON names the database and where the partners listen.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.worker.loop import Worker
from purveyor.worker.tasks import build_registry
from tests.chaos.erp_server import RemoteErp
from tests.chaos.flow import connections

SETTINGS = Settings(
    data_dir=Path("unused"),
    heartbeat_seconds=Decimal(1),
    stalled_seconds=Decimal(3),
    sweep_seconds=Decimal(1),
    timer_seconds=Decimal("0.3"),
    poll_seconds=Decimal("0.3"),
    graceful_stop_seconds=Decimal(5),
    erp_away_seconds=Decimal(1),
    worker_concurrency=3,
)


@dataclass(frozen=True)
class Addresses:
    """Where everything is."""

    database: str
    erp: str
    wms: str
    smtp_port: int

    def to_text(self) -> str:
        """Write the addresses for the command line."""
        return json.dumps(asdict(self))


def main(text: str) -> None:
    """Work until stopped or killed."""
    at = Addresses(**json.loads(text))
    wired = connections(RemoteErp(at.erp), 3.0, at.wms, at.smtp_port)
    asyncio.run(Worker(Database(at.database), SETTINGS, build_registry(SETTINGS, wired)).run_until_stopped())


if __name__ == "__main__":
    main(sys.argv[1])
