"""The registry: which function does which kind of job."""

from __future__ import annotations

from purveyor.settings import Settings
from purveyor.store.jobs import Registry
from purveyor.worker.periodic import forget_answers, seal_log


def build_registry(settings: Settings) -> Registry:
    """Return every task of the product, wired for this installation."""
    registry = Registry()
    registry.add("seal_log", seal_log, cron="5 0 * * *")
    registry.add("forget_answers", forget_answers, cron="35 0 * * *")
    return registry
