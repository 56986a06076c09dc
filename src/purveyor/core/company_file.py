"""Read the description of a company from the tables of a TOML file; what does not fit is named by its place in the file.

Nothing is guessed: an unknown name, a currency that is none, a time zone nobody keeps, a day that is no day are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from purveyor.core.access import Role
from purveyor.core.company import WEEKDAYS, ApprovalRolePlan, Company, Hours, PersonPlan, Plan, SitePlan, SupplierPlan, UnitPlan
from purveyor.core.errors import InvalidInput
from purveyor.core.parties import CHANNELS

LONGEST: Final = 200
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]*")
_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")
_P = TypeVar("_P", bound=Plan)


class Entry:
    """One table of the file: hands out its values by name and remembers which names were asked for."""

    def __init__(self, place: str, given: object) -> None:
        if not isinstance(given, Mapping):
            raise InvalidInput(field=place, reason="must be a table")
        self._place = place
        self._given: Mapping[str, object] = given
        self._asked: set[str] = set()

    def wrong(self, name: str, reason: str) -> InvalidInput:
        """Return the refusal of one value, which names its place."""
        return InvalidInput(field=f"{self._place}.{name}", reason=reason)

    def value(self, name: str) -> object:
        """Return a value as it stands, None when it is not given."""
        self._asked.add(name)
        return self._given.get(name)

    def text(self, name: str, shape: re.Pattern[str] | None = None) -> str:
        """Return a text that has to be there."""
        found = self.maybe(name, shape)
        if found is None:
            raise self.wrong(name, "is missing")
        return found

    def maybe(self, name: str, shape: re.Pattern[str] | None = None) -> str | None:
        """Return a text, None when it is not given."""
        found = self.value(name)
        if found is None:
            return None
        if not isinstance(found, str) or not found.strip() or len(found) > LONGEST or not found.isprintable():
            raise self.wrong(name, f"must be a text of up to {LONGEST} characters")
        if shape is not None and shape.fullmatch(found) is None:
            raise self.wrong(name, f"{found!r} does not fit")
        return found

    def zone(self, name: str = "time_zone") -> str | None:
        """Return the IANA name of a time zone, None when it is not given."""
        found = self.maybe(name)
        if found is not None:
            try:
                ZoneInfo(found)
            except (OSError, KeyError, ValueError) as error:
                raise self.wrong(name, f"{found!r} is no time zone") from error
        return found

    def texts(self, name: str, allowed: Sequence[str] | None = None) -> tuple[str, ...] | None:
        """Return a list of texts without repeats, None when it is not given."""
        found = self.value(name)
        if found is None:
            return None
        if not isinstance(found, list) or not found or not all(isinstance(each, str) and each for each in found):
            raise self.wrong(name, "must be a list of texts")
        unknown = [each for each in found if allowed is not None and each not in allowed]
        if unknown or len(set(found)) < len(found):
            raise self.wrong(name, f"{unknown[0]!r} is none of {', '.join(allowed or ())}" if unknown else "names one twice")
        return tuple(found)

    def entries(self, name: str) -> list[Entry]:
        """Return a list of tables, empty when it is not given."""
        found = self.value(name)
        if not isinstance(found, list | None):
            raise self.wrong(name, "must be a list of tables")
        return [Entry(f"{self._place}.{name}[{at}]", each) for at, each in enumerate(found or (), 1)]

    def done(self) -> None:
        """Refuse the names that nobody asked for."""
        for name in self._given:
            if name not in self._asked:
                raise self.wrong(name, "nothing has this name here")


def read_company(given: Mapping[str, object]) -> Company:
    """Return the company that the tables of a file describe; raise InvalidInput naming the place and the reason."""
    top = Entry("file", given)
    found = Company(
        units=_all(top, "business_unit", _unit),
        sites=_all(top, "site", _site),
        people=_all(top, "person", _person),
        approval_roles=_all(top, "approval_role", _approval_role),
        suppliers=_all(top, "supplier", _supplier),
    )
    top.done()
    return found


def _all(top: Entry, name: str, read: Callable[[Entry], _P]) -> tuple[_P, ...]:
    found: dict[str, _P] = {}
    for entry in top.entries(name):
        plan = read(entry)
        entry.done()
        if plan.key in found:
            raise top.wrong(name, f"{plan.key} is described twice")
        found[plan.key] = plan
    return tuple(found.values())


def _unit(entry: Entry) -> UnitPlan:
    entities = frozenset(_legal_entity(each) for each in entry.entries("legal_entity"))
    return UnitPlan(
        code=entry.text("code", _CODE),
        name=entry.text("name"),
        currency=entry.text("currency", _CURRENCY),
        country=entry.text("country", _COUNTRY),
        legal_entities=entities or None,
        hours=_hours(entry) or _office_hours(entry.zone()),
    )


def _office_hours(zone: str | None) -> Hours | None:
    return None if zone is None else Hours(zone)


def _legal_entity(entry: Entry) -> tuple[str, str]:
    found = (entry.text("erp", _CODE), entry.text("name"))
    entry.done()
    return found


def _hours(owner: Entry) -> Hours | None:
    """Read working hours; the zone and the country of their owner hold where they name none."""
    if owner.value("hours") is None:
        return None
    entry = Entry("hours", owner.value("hours"))
    usual = Hours(entry.zone() or owner.zone() or "UTC")
    days = entry.texts("weekdays", WEEKDAYS)
    opening, closing = (_time(entry, name, known) for name, known in (("opening", usual.opening), ("closing", usual.closing)))
    if opening >= closing:
        raise entry.wrong("closing", "must be later than opening")
    found = Hours(
        time_zone=usual.time_zone,
        weekdays=usual.weekdays if days is None else frozenset(WEEKDAYS.index(day) for day in days),
        opening=opening,
        closing=closing,
        country=entry.maybe("country", _COUNTRY),
        subdivision=entry.maybe("subdivision"),
        closed_days=frozenset(_closed_day(each) for each in entry.entries("closed_day")),
    )
    entry.done()
    return found


def _time(entry: Entry, name: str, usual: time) -> time:
    found = entry.value(name)
    if found is not None and not isinstance(found, time):
        raise entry.wrong(name, "must be a time like 08:30:00, without quotes")
    return found or usual


def _closed_day(entry: Entry) -> tuple[date, str]:
    day = entry.value("day")
    if type(day) is not date:
        raise entry.wrong("day", "must be a day like 2026-12-24, without quotes")
    found = (day, entry.text("name"))
    entry.done()
    return found


def _site(entry: Entry) -> SitePlan:
    return SitePlan(
        code=entry.text("code", _CODE),
        time_zone=entry.zone(),
        country=entry.maybe("country", _COUNTRY),
        subdivision=entry.maybe("subdivision"),
        hours=_hours(entry),
    )


def _person(entry: Entry) -> PersonPlan:
    staff = [role.value for role in Role if role is not Role.SUPPLIER]
    return PersonPlan(
        login=entry.text("login", _LOGIN),
        name=entry.text("name"),
        roles=frozenset(Role(role) for role in _needed(entry, "roles", staff)),
        business_units=frozenset(_needed(entry, "business_units")),
        mail=entry.maybe("mail", _MAIL),
        time_zone=entry.zone(),
        language=entry.maybe("language", _LANGUAGE),
    )


def _approval_role(entry: Entry) -> ApprovalRolePlan:
    return ApprovalRolePlan(
        business_unit=entry.text("business_unit", _CODE),
        role=entry.text("role", _WORD),
        people=tuple(_needed(entry, "people")),
        category=entry.maybe("category") or "",
    )


def _needed(entry: Entry, name: str, allowed: Sequence[str] | None = None) -> Iterable[str]:
    found = entry.texts(name, allowed)
    if found is None:
        raise entry.wrong(name, "is missing")
    return found


def _supplier(entry: Entry) -> SupplierPlan:
    days = entry.value("transit_days")
    if days is not None and (type(days) is not int or not 0 <= days <= 365):
        raise entry.wrong("transit_days", "must be a whole number of days")
    found = SupplierPlan(
        code=entry.text("code", _CODE),
        channels=entry.texts("channels", CHANNELS),
        email=entry.maybe("email", _MAIL),
        language=entry.maybe("language", _LANGUAGE),
        time_zone=entry.zone(),
        country=entry.maybe("country", _COUNTRY),
        transit_days=days,
        freight_term=entry.maybe("freight_term"),
        fob_point=entry.maybe("fob_point"),
        incoterm=entry.maybe("incoterm"),
        hours=_hours(entry),
    )
    if "email" in (found.channels or ()) and found.email is None:
        raise entry.wrong("email", "is missing, and mail is one of the channels")
    return found
