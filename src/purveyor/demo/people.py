"""The people of the demo distributor, one or more for every role; all sign in with the same demo password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from purveyor.core.access import Role

PASSWORD: Final = "demo-only-password"
DOMAIN: Final = "mvps.example"


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff. ``approves`` names the approval role held, ``rank`` the place among its holders (0 decides first)."""

    login: str
    name: str
    roles: frozenset[Role]
    task: str
    approves: str | None = None
    rank: int = 0


PEOPLE: Final = (
    Person("diane", "Diane Whitfield", frozenset({Role.BUYER}), "Buyer, pumps and valves"),
    Person("marcus", "Marcus Bell", frozenset({Role.BUYER}), "Buyer, fittings and pipe"),
    Person("tom", "Tom Becker", frozenset({Role.APPROVER}), "Head of purchasing, away until 16 March", "line_manager", 0),
    Person("priya", "Priya Nair", frozenset({Role.APPROVER}), "Decides for Tom while he is away", "line_manager", 1),
    Person("elena", "Elena Ortiz", frozenset({Role.CATEGORY_MANAGER}), "Category manager", "category_manager", 0),
    Person("victor", "Victor Lang", frozenset({Role.APPROVER}), "Finance director", "finance_director", 0),
    Person("sam", "Sam Fuller", frozenset({Role.WAREHOUSE}), "Receiving, all warehouses"),
    Person("grace", "Grace Kim", frozenset({Role.ACCOUNTS_PAYABLE}), "Accounts payable"),
    Person("leo", "Leo Brandt", frozenset({Role.IT}), "Integrations"),
    Person("ada", "Ada Novak", frozenset({Role.AUDITOR}), "Internal audit"),
)


def person(login: str) -> Person:
    """Return one member of staff by login."""
    return next(one for one in PEOPLE if one.login == login)
