"""Words for the state of an account."""

from __future__ import annotations

from typing import Final

from purveyor.core.access import PERMISSIONS, Permission
from purveyor.store.people import Person
from purveyor.web.i18n import marked
from purveyor.web.words import Word

ENDED: Final = Word(marked("Access ended"), "neutral", "ban")
LOCKED: Final = Word(marked("Rests after wrong tries"), "warn", "clock")
INVITED: Final = Word(marked("Invited"), "wait", "mail")
NO_WAY_IN: Final = Word(marked("Cannot sign in yet"), "warn", "alert-triangle")
NO_ROLE: Final = Word(marked("Holds no role"), "neutral", "circle-dashed")
ACTIVE: Final = Word(marked("May sign in"), "good", "check")


def state_of(person: Person) -> Word:
    """Return how the state of an account reads, what matters most first."""
    if not person.active:
        return ENDED
    if person.locked_until is not None:
        return LOCKED
    if not person.roles:
        return NO_ROLE
    if person.has_password or person.has_identity:
        return ACTIVE
    return NO_WAY_IN if person.invited_until is None else INVITED


def may_approve(person: Person) -> bool:
    """Say whether one of the person's roles lets him approve."""
    return any(Permission.APPROVAL_DECIDE in PERMISSIONS[role] for role in person.roles)
