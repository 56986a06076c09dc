"""Every kind of job that commands queue has one task, and one piece of work has one kind."""

from __future__ import annotations

from purveyor.app.follow_up import CLOSE_CHECK, MATCH_AGAIN
from purveyor.settings import Settings
from purveyor.worker.tasks import build_registry


def test_looking_whether_an_order_is_complete_is_one_kind_of_job_whoever_asks_for_it() -> None:
    kinds = set(build_registry(Settings()).tasks)

    assert {MATCH_AGAIN, CLOSE_CHECK} <= kinds
    assert {kind for kind in kinds if kind.startswith("close")} == {CLOSE_CHECK}
