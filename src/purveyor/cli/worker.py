"""``purveyor worker``: background work."""

from __future__ import annotations

from purveyor.cli.console import ConfigFile, configured


def worker(config: ConfigFile = None) -> None:
    """Do background work until Ctrl-C; start as many as you need, on any machine that reaches the database."""
    from purveyor.cli.telemetry import traced
    from purveyor.worker.loop import run_worker
    from purveyor.worker.tasks import build_registry

    with configured(config) as settings, traced(settings, "worker"):
        run_worker(settings, build_registry(settings))
