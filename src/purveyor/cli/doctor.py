"""``purveyor doctor``: looks at everything an installation rests on and says what to do about what is not well."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from purveyor.app.diagnose import Check, Limits, Verdict
from purveyor.cli.console import ConfigFile, configured, stored_secrets
from purveyor.cli.redaction import connection_files
from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings

LOW_SPACE: Final = 1_000_000_000
NO_SPACE: Final = 200_000_000
COLOURS: Final = {Verdict.OK: typer.colors.GREEN, Verdict.WARN: typer.colors.YELLOW, Verdict.FAIL: typer.colors.RED}


def doctor(
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")] = False,
) -> None:
    """Look at database, work, outside systems, keys, clock and disk; exit code 1 when something fails, 0 for warnings."""
    with configured(config) as settings:
        checks = [*_machine(settings), *_database(settings), *_outside(settings)]
    failed = any(check.verdict is Verdict.FAIL for check in checks)
    if as_json:
        told = [{"check": c.name, "verdict": c.verdict.value, "found": c.found, "advice": c.advice} for c in checks]
        typer.echo(json.dumps({"well": not failed, "checks": told}, indent=2))
    else:
        _tell(checks)
    raise typer.Exit(1 if failed else 0)


def _tell(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        typer.secho(f"{check.verdict.value:<5}", fg=COLOURS[check.verdict], nl=False)
        typer.echo(f"{check.name:<{width}}  {check.found}")
        if check.advice:
            typer.echo(f"{'':<5}{'':<{width}}  -> {check.advice}")


def _database(settings: Settings) -> Iterator[Check]:
    """Everything that can be asked of the database; one line if it cannot be reached."""
    from purveyor.app import diagnose
    from purveyor.core.access import SYSTEM
    from purveyor.store.db import Database
    from purveyor.store.launch import located

    limits = Limits(
        queue_age=timedelta(seconds=int(settings.queue_age_limit_seconds)),
        stalled=timedelta(seconds=int(settings.stalled_seconds)),
    )
    checks: list[Check] = []
    try:
        with located(settings) as addresses:
            database = Database(addresses.runtime, pool_size=1)
            with database.read(SYSTEM, source="doctor") as tx:
                checks += [*diagnose.rights(tx, demo=settings.demo), *diagnose.readiness(tx, limits, settings.data_dir)]
                checks += [*diagnose.work(tx, limits), *diagnose.outside(tx), *diagnose.set_up(tx), diagnose.clock(tx)]
                checks.append(diagnose.stored_secrets(tx, settings.master_key_file))
            database.close()
    except PurveyorError as error:
        advice = "Look at DATABASE_URL, at the server's log, and whether `purveyor migrate` was run."
        checks.append(Check("database", Verdict.FAIL, str(error), advice))
    yield from checks


def _outside(settings: Settings) -> Iterator[Check]:
    from purveyor.worker.connections import load_connections
    from purveyor.worker.reachability import reachable

    try:
        yield from reachable(load_connections(settings, stored_secrets(settings)))
    except PurveyorError as error:
        yield Check("connections", Verdict.FAIL, str(error), "Mend the connections file; workers do not start like this.")


def _machine(settings: Settings) -> Iterator[Check]:
    """Disk space and key files of this machine."""
    free = shutil.disk_usage(_existing(settings.data_dir)).free
    verdict = Verdict.FAIL if free < NO_SPACE else Verdict.WARN if free < LOW_SPACE else Verdict.OK
    told = "" if verdict is Verdict.OK else "Make room: delete old backups and logs, or move data_dir to a larger disk."
    yield Check("disk", verdict, f"{free / 1e9:.1f} GB free for {settings.data_dir}", told)
    named = [settings.secret_key_file, settings.smtp_password_file, settings.metrics_token_file, settings.master_key_file]
    files = [file for file in (*named, *connection_files(settings)) if file is not None]
    yield from (_key_file(file) for file in dict.fromkeys(files))


def _key_file(file: Path) -> Check:
    name = f"key file {file.name}"
    if not os.access(file, os.R_OK):
        return Check(name, Verdict.FAIL, f"{file} cannot be read", "Create it, or let the user that runs Purveyor read it.")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Check(name, Verdict.WARN, f"{file} can be opened by others", f"chmod 600 {file}")
    return Check(name, Verdict.OK, f"{file}, ours alone")


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
