"""Who may change whose account."""

from __future__ import annotations

from uuid import uuid4

import pytest

from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.accounts import (
    LastAdministrator,
    OwnRights,
    Rights,
    check_may_manage,
    check_one_is_left,
    check_password,
    check_roles,
)
from purveyor.core.errors import InvalidInput, NotAuthorised
from purveyor.core.events.account import user_stream
from purveyor.core.events.base import Ref

UNIT, OTHER = uuid4(), uuid4()
LEO = Actor(ActorKind.USER, uuid4(), "leo", frozenset({Role.IT}), frozenset({UNIT}))


def rights(person: str, *roles: Role, active: bool = True, unit: bool = True) -> Rights:
    return Rights(person, active, frozenset(roles), frozenset({UNIT} if unit else ()))


def test_it_manages_the_people_of_its_units_and_the_product_manages_all() -> None:
    check_may_manage(LEO, rights("dana", Role.BUYER))
    check_may_manage(SYSTEM, Rights("leo", business_units=frozenset({OTHER})))


def test_nobody_changes_his_own_rights_not_even_through_a_second_account() -> None:
    with pytest.raises(OwnRights):
        check_may_manage(LEO, rights("leo", Role.BUYER))


def test_people_of_a_unit_one_does_not_act_in_are_out_of_reach() -> None:
    with pytest.raises(NotAuthorised):
        check_may_manage(LEO, Rights("dana", business_units=frozenset({UNIT, OTHER})))


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.AUDITOR, Role.WAREHOUSE, Role.ACCOUNTS_PAYABLE])
def test_nobody_else_manages_people(role: Role) -> None:
    with pytest.raises(NotAuthorised):
        check_may_manage(Actor(ActorKind.USER, uuid4(), "x", frozenset({role}), frozenset({UNIT})), rights("dana"))


@pytest.mark.parametrize("after", [rights("leo"), rights("leo", Role.IT, active=False), rights("leo", Role.IT, unit=False)])
def test_the_last_who_manages_people_stays(after: Rights) -> None:
    gone = rights("mia", Role.IT, active=False)

    with pytest.raises(LastAdministrator):
        check_one_is_left(rights("leo", Role.IT), after, [gone, rights("dana", Role.BUYER)])
    check_one_is_left(rights("leo", Role.IT), after, [rights("mia", Role.IT)])
    check_one_is_left(rights("dana", Role.BUYER), rights("dana"), [])


@pytest.mark.parametrize(("roles", "units"), [([Role.SUPPLIER], [UNIT]), ([Role.BUYER], []), ([], [UNIT])])
def test_roles_hold_in_business_units_and_suppliers_are_no_staff(roles: list[Role], units: list[object]) -> None:
    with pytest.raises(InvalidInput):
        check_roles(roles, [UNIT for _ in units])


def test_no_role_at_all_is_allowed() -> None:
    check_roles([], [])


@pytest.mark.parametrize("password", ["short", "a" * 20, "x" * 201])
def test_passwords_are_long_and_do_not_repeat_themselves(password: str) -> None:
    with pytest.raises(InvalidInput):
        check_password(password)
    check_password("carton of twelve pumps")


def test_what_happens_to_an_account_stands_in_the_stream_of_the_person() -> None:
    assert user_stream(UNIT) == Ref("user", UNIT)
