"""``purveyor setup``: business units, people, approval roles, sites and suppliers from one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured
from purveyor.core.company import Change, Company, Differences, Hours, Plan


def setup(
    file: Annotated[Path, typer.Argument(help="TOML file that describes the company; see docs/howto/set-up-a-company.md.")],
    check: Annotated[bool, typer.Option("--check", help="Only show the differences; end with 1 when there are any.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show what differs from a description of the company, ask, and write it; doing it again writes nothing.

    Sites and suppliers are completed once the ERP has told of them: read it with `purveyor pull`, then run this again.
    """
    from purveyor.app import company
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import StaleVersion
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database:
        wanted = _read(file)
        with database.read(SYSTEM) as tx:
            shown = company.compare(tx, wanted)
        _show(shown)
        if not shown.changes:
            return
        if check:
            raise typer.Exit(1)
        if not yes:
            typer.confirm("Write this?", abort=True)
        with database.transaction(SYSTEM, source="command line") as tx:
            if company.set_up(tx, wanted) != shown:
                raise StaleVersion(file=file)
    typer.echo(f"{len(shown.changes)} records are written.")


def _read(file: Path) -> Company:
    import tomllib

    from purveyor.core.company_file import read_company
    from purveyor.settings import InvalidSettings

    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings(setting=str(file), reason=str(error)) from error
    return read_company(given)


def _show(found: Differences) -> None:
    for change in found.changes:
        new = change.present is None
        typer.secho(f"{'+' if new else '~'} {_kind(change.wanted)} {change.wanted.key}", bold=True)
        for name in change.fields:
            typer.echo(f"    {name}: {_values(change, name)}")
    for plan in found.waiting:
        typer.secho(f"? {_kind(plan)} {plan.key}: no ERP has told of it yet", fg=typer.colors.YELLOW)
    if not found.changes:
        typer.echo("Everything is as described." if not found.waiting else "Everything else is as described.")


def _kind(plan: Plan) -> str:
    from purveyor.core.company import ApprovalRolePlan, PersonPlan, SitePlan, SupplierPlan, UnitPlan

    words = {
        UnitPlan: "business unit",
        SitePlan: "site",
        PersonPlan: "person",
        ApprovalRolePlan: "approval role",
        SupplierPlan: "supplier",
    }
    return words[type(plan)]


def _values(change: Change, name: str) -> str:
    wanted = _text(getattr(change.wanted, name))
    return wanted if change.present is None else f"{_text(getattr(change.present, name))} -> {wanted}"


def _text(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Hours):
        return _hours(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(_text(each) for each in value)) or "none"
    if isinstance(value, tuple):
        return ", ".join(_text(each) for each in value) or "none"
    return str(value) or "all"


def _hours(hours: Hours) -> str:
    from purveyor.core.company import WEEKDAYS

    days = ", ".join(WEEKDAYS[day] for day in sorted(hours.weekdays))
    closed: Iterable[str] = (f"{day} {name}" for day, name in sorted(hours.closed_days))
    country = f", holidays of {hours.country}" if hours.country else ""
    without = f", closed {'; '.join(closed)}" if hours.closed_days else ""
    return f"{days} {hours.opening:%H:%M}-{hours.closing:%H:%M} {hours.time_zone}{country}{without}"
