"""The order flow for every fault test, and the history check at its end: nothing lost, nothing doubled, the log whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from purveyor.store.db import Database
from tests.chaos.flow import Flow, a_flow
from tests.chaos.history import assert_whole


@pytest.fixture
def flow(database: Database, superuser: psycopg.Connection[tuple[object, ...]], tmp_path: Path) -> Iterator[Flow]:
    """A distributor with all its partners; afterwards every order must be finished or owned, and nothing doubled."""
    with a_flow(database, superuser, tmp_path) as running:
        yield running
        assert_whole(running.database, running.erp.ledger, running.partners)
