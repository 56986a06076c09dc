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
        set_up_log(as_json=settings.log_format == "json")
        yield settings
    except PurveyorError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from error


def set_up_log(*, as_json: bool) -> None:
    """Write one line per event to standard error: readable text, or JSON for machines; secrets never get this far."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # The stream is looked up for each line: it may have been exchanged or closed since, and a log line must not stop work.
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
