"""``purveyor serve``: the web pages and the API."""

from __future__ import annotations

from purveyor.cli.console import ConfigFile, configured


def serve(config: ConfigFile = None) -> None:
    """Serve pages and API until Ctrl-C; workers run beside it (`purveyor worker`)."""
    import uvicorn

    from purveyor.cli.telemetry import traced
    from purveyor.store.launch import open_database
    from purveyor.web.main import create_app

    with configured(config) as settings, traced(settings, "web"), open_database(settings) as database:
        uvicorn.run(
            create_app(database, settings),
            host=settings.listen_host,
            port=settings.listen_port,
            log_level="warning",
            server_header=False,
            date_header=True,
        )
