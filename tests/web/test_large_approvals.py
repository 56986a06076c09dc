"""A large approval asks once more for the second factor of who has one; a small one does not."""

from __future__ import annotations

import pytest

from purveyor.app import second_factor
from purveyor.core.access import SYSTEM
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.approval_desk import submitted, the_step, worth
from tests.app.people import an_organisation, user
from tests.web.desks import desks


@pytest.mark.parametrize(("amount", "asked"), [("49999.99", False), ("50000.00", True)])
def test_an_approval_from_the_limit_on_asks_for_a_code(
    database: Database, web_settings: Settings, amount: str, asked: bool
) -> None:
    people = an_organisation(database)
    [order] = submitted(database, worth(amount))
    step = the_step(database, order)
    with database.transaction(SYSTEM) as tx:
        second_factor.set_up(tx, user(people.martha), b"sealed elsewhere", 0)

    with desks(database, web_settings, people.martha) as [martha]:
        answer = martha.send(f"/approvals/{step.id}", verdict="approve")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in/code") is asked
    assert (the_step(database, order).id == step.id) is asked
