"""``purveyor user``: people who sign in, their roles and passwords."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured
from purveyor.core.access import Role

app = typer.Typer(no_args_is_help=True, help="People who sign in, their roles and passwords.")

SOURCE = "command line"

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
    from purveyor.app import people
    from purveyor.cli.codes import unit_ids
    from purveyor.core.access import SYSTEM
    from purveyor.store.launch import open_database

    with (
        configured(config) as settings,
        open_database(settings) as database,
        database.transaction(SYSTEM, source=SOURCE) as tx,
    ):
        new = people.NewPerson(login, name, mail=mail, time_zone=time_zone)
        people.set_password(tx, people.add(tx, new, role, unit_ids(tx, unit)), password)
    typer.echo(f"{login} can sign in.")


@app.command("roles")
def set_roles(login: Login, role: Roles, unit: Units, config: ConfigFile = None) -> None:
    """Give a person exactly these roles in exactly these business units; open sessions end."""
    from purveyor.app import people
    from purveyor.cli.codes import unit_ids, user_id
    from purveyor.core.access import SYSTEM
    from purveyor.store.launch import open_database

    with (
        configured(config) as settings,
        open_database(settings) as database,
        database.transaction(SYSTEM, source=SOURCE) as tx,
    ):
        people.set_roles(tx, user_id(tx, login), role, unit_ids(tx, unit))
    typer.echo(f"{login} holds {', '.join(one.value for one in role)} in {', '.join(unit)}.")


@app.command("password")
def set_password(login: Login, password: Password, config: ConfigFile = None) -> None:
    """Give a person a new password; open sessions end."""
    from purveyor.app import people
    from purveyor.cli.codes import user_id
    from purveyor.core.access import SYSTEM
    from purveyor.store.launch import open_database

    with (
        configured(config) as settings,
        open_database(settings) as database,
        database.transaction(SYSTEM, source=SOURCE) as tx,
    ):
        people.set_password(tx, user_id(tx, login), password)
    typer.echo("The password is changed.")


@app.command()
def invite(
    login: Login,
    show: Annotated[bool, typer.Option("--show", help="Print the link instead of sending a mail.")] = False,
    config: ConfigFile = None,
) -> None:
    """Send a person a link to set a password; it works once and for 72 hours, earlier links end."""
    from purveyor.app import access_links
    from purveyor.cli.codes import user_id
    from purveyor.core.access import SYSTEM
    from purveyor.store.launch import open_database

    token = None
    with (
        configured(config) as settings,
        open_database(settings) as database,
        database.transaction(SYSTEM, source=SOURCE) as tx,
    ):
        if show:
            token = access_links.make_link(tx, user_id(tx, login))
        else:
            access_links.invite(tx, user_id(tx, login))
    typer.echo(f"{settings.base_url}/welcome/{token}" if show else "The mail is on its way.")
