"""``purveyor verify-log``: prove that nobody changed the event log."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured


def verify_log(
    config: ConfigFile = None,
    expect_root: Annotated[
        str | None, typer.Option(help="The newest seal you wrote down earlier; it must still be in the log.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="When all is whole, go on from this log although this machine has seen a newer one.")
    ] = False,
) -> None:
    """Check every event, chain head and seal; name the first broken row and exit with 1 if there is one.

    Says so too when this machine has seen a newer log than this one (an old backup was restored).
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from purveyor.core.access import SYSTEM
    from purveyor.store import witness
    from purveyor.store.event_verify import knows_root, verify
    from purveyor.store.events import count_events
    from purveyor.store.launch import open_database

    columns = (TextColumn("Checking events"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with configured(config) as settings, open_database(settings) as database, database.read(SYSTEM) as tx:
        with Progress(*columns, console=Console(stderr=True), transient=True) as display:
            bar = display.add_task("events", total=count_events(tx))
            result = verify(tx, progress=lambda events: display.update(bar, completed=events))
        known = expect_root is None or knows_root(tx, expect_root)
        if accept and known and result.broken is None:
            witness.accept(tx, settings.data_dir)
        regression = witness.observe(tx, settings.data_dir)
    typer.echo(f"{result.events:,} events in {result.streams:,} streams, {result.seals:,} seals.")
    if result.broken is not None:
        typer.secho(f"Broken: {result.broken}.", fg=typer.colors.RED)
        raise typer.Exit(1)
    if not known:
        typer.secho("Broken: the seal you wrote down is not in the log.", fg=typer.colors.RED)
        raise typer.Exit(1)
    if regression is not None:
        typer.secho(f"Every chain is whole, but {regression}.", fg=typer.colors.RED)
        raise typer.Exit(1)
    typer.echo(f"Every chain is whole. Newest seal: {result.root or 'none yet'}.")
