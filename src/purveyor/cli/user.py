"""``purveyor user``: people who sign in, their roles and passwords."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured
from purveyor.core.access import Role

app = typer.Typer(no_args_is_help=True, help="People who sign in, their roles and passwords.")

SHORTEST_PASSWORD = 12

Login = Annotated[str, typer.Argument(help="The name to sign in with.")]
Roles = Annotated[list[Role], typer.Option("--role", help="A role; give the option once for each.")]
Units = Annotated[list[str], typer.Option("--unit", help="Code of a business unit the roles are for.")]
Password = Annotated[
    str,
    typer.Option(
        prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when left out, so that no shell keeps it."
    ),
]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Argument(help="The name others see.")],
    role: Roles,
    unit: Units,
    password: Password,
    mail: Annotated[str | None, typer.Option(help="Mail address.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA name of the time zone.")] = "UTC",
    config: ConfigFile = None,
) -> None:
    """Add a person with roles in business units and a password."""
    from purveyor.cli.codes import unit_ids
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import InvalidInput
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        _require_long(password)
        if logins.user_id_of(tx, login) is not None:
            raise InvalidInput(field="login", reason=f"{login} is taken")
        units = unit_ids(tx, unit)
        user = logins.add_user(tx, login, name, mail=mail, time_zone=time_zone)
        logins.set_password(tx, user, password)
        logins.set_roles(tx, user, role, units)
    typer.echo(f"{login} can sign in.")


@app.command("roles")
def set_roles(login: Login, role: Roles, unit: Units, config: ConfigFile = None) -> None:
    """Give a person exactly these roles in exactly these business units; open sessions end."""
    from purveyor.cli.codes import unit_ids
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import NotFound
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        user = logins.user_id_of(tx, login)
        if user is None:
            raise NotFound(login=login)
        logins.set_roles(tx, user, role, unit_ids(tx, unit))
    typer.echo(f"{login} holds {', '.join(one.value for one in role)} in {', '.join(unit)}.")


@app.command("password")
def set_password(login: Login, password: Password, config: ConfigFile = None) -> None:
    """Give a person a new password; open sessions end."""
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import NotFound
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        _require_long(password)
        user = logins.user_id_of(tx, login)
        if user is None:
            raise NotFound(login=login)
        logins.set_password(tx, user, password)
    typer.echo("The password is changed.")


def _require_long(password: str) -> None:
    from purveyor.core.errors import InvalidInput

    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(field="password", reason=f"needs at least {SHORTEST_PASSWORD} characters")
