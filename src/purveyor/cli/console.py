"""What every command shares: reading the settings, setting up the log, and telling a refusal in one sentence."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
from structlog.typing import EventDict, Processor

from purveyor.cli.redaction import Redactor, known_secrets
from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings, load_settings
from purveyor.spans import trace_id

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file; PURVEYOR_* variables win over it.")]


@contextmanager
def configured(config: Path | None) -> Iterator[Settings]:
    """Yield the settings with the log set up; a refusal inside the block ends the command with exit code 1."""
    try:
        settings = load_settings(os.environ, config)
        set_up_log(as_json=settings.log_format == "json", secrets=known_secrets(settings))
        yield settings
    except PurveyorError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from error


def set_up_log(*, as_json: bool, secrets: Iterable[str] = ()) -> None:
    """Write one line per event to standard error: readable text, or JSON for machines, without secrets.

    Lines of libraries take the same way as ours. ``secrets`` are values that must not appear wherever they come from.
    """
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # As plain text, without local variables: those may hold secrets.
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    last: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*common, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # The stream is looked up for each line: it may have been exchanged or closed since, and a log line must not stop work.
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )
    handler = _CurrentStream()
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[without_meta, last], foreign_pre_chain=common))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _CurrentStream(logging.Handler):
    """Writes to the standard error stream as it is at that moment, like our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a stream that cannot be written to must not stop work."""
        try:
            print(self.format(record), file=sys.stderr)
        except (OSError, ValueError):
            self.handleError(record)


def _add_trace(logger: object, method: str, event: EventDict) -> EventDict:
    """Name the trace a line belongs to, so that one leads to the other."""
    found = trace_id()
    if found is not None:
        event["trace"] = found
    return event


def stored_secrets(settings: Settings) -> Callable[[str], str | None]:
    """Return a reader of stored secrets that opens the database only when a secret is asked for."""
    from purveyor.store.db import Database
    from purveyor.store.launch import located
    from purveyor.worker.stored_secrets import reader

    def read(name: str) -> str | None:
        with located(settings) as addresses:
            database = Database(addresses.runtime, pool_size=1)
            try:
                return reader(database, settings)(name)
            finally:
                database.close()

    return read
