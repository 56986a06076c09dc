"""``purveyor worker``: background work."""

from __future__ import annotations

from purveyor.cli.console import ConfigFile, configured


def worker(config: ConfigFile = None) -> None:
    """Do background work until Ctrl-C; start as many as you need, on any machine that reaches the database."""
    from purveyor.cli.telemetry import traced
    from purveyor.store.launch import open_database
    from purveyor.worker.connections import load_connections
    from purveyor.worker.loop import run_worker
    from purveyor.worker.stored_secrets import reader
    from purveyor.worker.tasks import build_registry

    with configured(config) as settings, traced(settings, "worker"), open_database(settings) as database:
        connections = load_connections(settings, reader(database, settings))
        run_worker(database, settings, build_registry(settings, connections))
