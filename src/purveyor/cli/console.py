"""What every command shares: reading the settings, setting up the log, and telling a refusal in one sentence."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer

from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings, load_settings

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file; PURVEYOR_* variables win over it.")]


@contextmanager
def configured(config: Path | None) -> Iterator[Settings]:
    """Yield the settings with the log set up; a refusal inside the block ends the command with exit code 1."""
    try:
        settings = load_settings(os.environ, config)
        _set_up_log(settings)
        yield settings
    except PurveyorError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from error


def _set_up_log(settings: Settings) -> None:
    """Write one line per event to standard error: readable text, or JSON for machines; secrets never get this far."""
    as_json = settings.log_format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
