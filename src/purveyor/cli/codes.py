"""Codes people type at the command line, as the ids of what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import logins, masters
from purveyor.store.db import Tx


def unit_ids(tx: Tx, codes: Sequence[str]) -> list[BusinessUnitId]:
    """Return the ids of business units by code; raise NotFound for the first that is unknown."""
    known = {unit.code: unit.id for unit in masters.business_units(tx).values()}
    for code in codes:
        if code not in known:
            raise NotFound(business_unit=code)
    return [known[code] for code in codes]


def user_id(tx: Tx, login: str) -> UserId:
    """Return the id of a person by login name; raise NotFound."""
    found = logins.user_id_of(tx, login)
    if found is None:
        raise NotFound(login=login)
    return found
