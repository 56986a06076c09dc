"""The program's own log: one line per event, on the standard error stream as it is at that moment."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from purveyor.cli.console import set_up_log


@pytest.fixture
def log() -> Iterator[structlog.typing.FilteringBoundLogger]:
    """A logger set up like in production; what stood before comes back afterwards."""
    before = structlog.get_config()
    set_up_log(as_json=True)
    yield structlog.get_logger("test")
    structlog.configure(**before)


def test_a_line_reaches_the_stream_that_is_open_now_although_the_first_one_was_closed(
    log: structlog.typing.FilteringBoundLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", gone)
    log.info("first")
    gone.close()
    monkeypatch.setattr(sys, "stderr", now)

    log.warning("second", order="PO1")

    line = json.loads(now.getvalue())
    assert (line["event"], line["level"], line["order"]) == ("second", "warning", "PO1")
