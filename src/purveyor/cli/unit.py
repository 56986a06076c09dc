"""``purveyor unit``: business units, and who decides approval steps in them."""

from __future__ import annotations

from typing import Annotated

import typer

from purveyor.cli.console import ConfigFile, configured

app = typer.Typer(no_args_is_help=True, help="Business units, and who decides approval steps in them.")

Code = Annotated[str, typer.Argument(help="Code of the business unit.")]


@app.command()
def add(
    code: Code,
    name: Annotated[str, typer.Argument(help="Its name.")],
    currency: Annotated[str, typer.Option(help="Currency it keeps its books in (ISO 4217).")],
    country: Annotated[str, typer.Option(help="Country whose holidays count (ISO 3166, two letters).")],
    erp: Annotated[str, typer.Option(help="Name of its ERP in the connections file.")],
    company: Annotated[str | None, typer.Option(help="The company's name in that ERP; the unit's name when left out.")] = None,
    config: ConfigFile = None,
) -> None:
    """Add a business unit and say which company of which ERP it is."""
    from purveyor.app import masters
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import InvalidInput
    from purveyor.core.ids import BusinessUnitId, ErpInstance
    from purveyor.core.parties import BusinessUnit
    from purveyor.store import masters as known
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        if code in {unit.code for unit in known.business_units(tx).values()}:
            raise InvalidInput(field="code", reason=f"{code} is taken")
        added = BusinessUnit(BusinessUnitId(tx.new_id()), code, name, currency, country)
        masters.save_unit(tx, added, ErpInstance(erp), company or name)
    typer.echo(f"{code} is added; its orders live in {erp}.")


@app.command()
def approver(
    code: Code,
    role: Annotated[str, typer.Argument(help="Approval role as the policies name it, for example line_manager.")],
    login: Annotated[str, typer.Argument(help="Who decides; a person with the role approver.")],
    config: ConfigFile = None,
) -> None:
    """Name who decides the approval steps of a role in a business unit; give the command once for each person."""
    from purveyor.app import approve
    from purveyor.cli.codes import unit_ids
    from purveyor.core.access import SYSTEM
    from purveyor.core.errors import NotFound
    from purveyor.store import logins
    from purveyor.store.launch import open_database

    with configured(config) as settings, open_database(settings) as database, database.transaction(SYSTEM) as tx:
        user = logins.user_id_of(tx, login)
        if user is None:
            raise NotFound(login=login)
        [unit] = unit_ids(tx, [code])
        approve.assign_holder(tx, unit, role, user)
    typer.echo(f"{login} decides for {role} in {code}.")
