"""``purveyor backup`` and ``purveyor restore``: the whole database in one file, and back into an empty one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured


def backup(
    file: Annotated[Path, typer.Argument(help="New file to write; its folder needs room for the compressed database.")],
    config: ConfigFile = None,
) -> None:
    """Back up the whole database while everything goes on; seals the event log first, so that the backup can be proved later."""
    from rich.console import Console

    from purveyor.core.access import SYSTEM
    from purveyor.store import witness
    from purveyor.store.backup import back_up
    from purveyor.store.event_verify import seal
    from purveyor.store.launch import check_usable, located, open_runtime, with_roles

    with configured(config) as settings, located(settings) as addresses:
        check_usable(addresses.runtime)
        owner = with_roles(addresses)
        with open_runtime(addresses, settings) as database, database.transaction(SYSTEM, source="backup") as tx:
            seal(tx)
        with Console(stderr=True).status("Backing up"):
            manifest = back_up(owner, file.absolute(), settings.postgres_bin)
        with open_runtime(addresses, settings) as database, database.read(SYSTEM, source="backup") as tx:
            witness.observe(tx, settings.data_dir)
    typer.echo(f"{file}: {manifest.events:,} events, revision {manifest.revision}, {file.stat().st_size / 1e6:.1f} MB.")
    typer.echo(f"Newest seal: {manifest.root or 'none yet'}. The key files are not in the backup: keep copies apart from it.")


def restore(
    file: Annotated[Path, typer.Argument(help="Backup to restore.")],
    config: ConfigFile = None,
) -> None:
    """Restore a backup into an empty database, bring it to this version's schema and check every chain of the event log.

    Says so when this machine has seen a newer log than the backup holds; `purveyor verify-log --accept` goes on from it.
    """
    from rich.console import Console

    from purveyor.core.access import SYSTEM
    from purveyor.store import backup as backups
    from purveyor.store import witness
    from purveyor.store.event_verify import knows_root, verify
    from purveyor.store.launch import located, open_runtime, run_migrations, with_roles

    status = Console(stderr=True).status
    with configured(config) as settings, located(settings) as addresses:
        backups.read_manifest(file)
        owner = with_roles(addresses)
        with status("Restoring"):
            manifest = backups.restore(owner, file, settings.postgres_bin)
            run_migrations(addresses)
        with open_runtime(addresses, settings) as database, database.read(SYSTEM, source="restore") as tx:
            with status("Checking every chain"):
                result = verify(tx)
                known = manifest.root is None or knows_root(tx, manifest.root)
            regression = witness.observe(tx, settings.data_dir)
    typer.echo(f"Restored the backup of {manifest.taken_at}: {result.events:,} events in {result.streams:,} streams.")
    if result.broken is not None or not known or result.events != manifest.events:
        found = result.broken or "the log is not the one the manifest speaks of"
        typer.secho(f"Broken: {found}.", fg=typer.colors.RED)
        raise typer.Exit(1)
    typer.echo(f"Every chain is whole. Newest seal: {result.root or 'none yet'}.")
    if regression is not None:
        typer.secho(f"This backup is older than the log that was in use: {regression}.", fg=typer.colors.YELLOW)
        typer.echo("What happened after it is lost here but not at your partners. When you have settled that, run")
        typer.echo("`purveyor verify-log --accept` on every machine; until then /readyz and the doctor keep saying this.")
