"""The story of an order as its log tells it: every event with time, source, who did it for whom, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from purveyor.core.access import ActorKind
from purveyor.core.canonical import Json
from purveyor.core.order import PurchaseOrder
from purveyor.store import masters
from purveyor.store.db import Tx
from purveyor.store.events import RecordedEvent
from purveyor.store.views import names
from purveyor.store.views.names import Program
from purveyor.web import formats
from purveyor.web.i18n import gettext, marked
from purveyor.web.viewer import Viewer
from purveyor.web.words import ROLE
from purveyor.web.workbench import codes, terms
from purveyor.web.workbench.sentences import SENTENCES, Sentence

_PEOPLE: Final = frozenset({"holder", "from_holder", "to_holder", "decided_by", "owner", "owner_id", "from_id", "to_id"})
_MONEY: Final = frozenset(
    {
        *("total", "total_before", "total_after", "exposure", "at_stake", "billed", "amount", "sales_at_risk"),
        *("policy_amount", "routing_amount"),
    }
)
_MOMENTS: Final = frozenset({"due_at", "starts_at", "ends_at"})
_DAYS: Final = frozenset({"promised_ship", "promised_delivery", "before", "after", "arrives_on", "ships_on", "due_on"})
_NUMBERS: Final = frozenset(
    {*("quantity", "accepted", "ordered", "open", "units_short", "short", "keyed", "held", "excess", "rejected")}
)
_UNKNOWN: Final = Sentence("%(type)s")
_TONE_OF_VERDICT: Final = {"reject": "bad", "return": "warn"}
_VERDICT: Final = {"approve": marked("approved"), "reject": marked("rejected"), "return": marked("returned to the buyer")}
_OURSELVES: Final = "purveyor"
_SOURCE: Final = {
    "web": marked("workbench"),
    "api": marked("API"),
    "job": marked("background work"),
    "worker": marked("background work"),
    "link": marked("link in the mail"),
    "erp": marked("ERP"),
    "wms": marked("warehouse system"),
    "email": marked("mail"),
    "portal": marked("supplier page"),
    "timer": marked("clock"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline, as the macro draws it."""

    at: datetime
    text: str
    who: str
    source: str
    tone: str
    icon: str
    note: str | None
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The names behind the ids of some events."""

    people: Mapping[UUID, str]
    sites: Mapping[UUID, str]
    supplier: str
    units: Mapping[int, LineUnits]


@dataclass(frozen=True, slots=True)
class LineUnits:
    """The unit a line is ordered in, and the base unit its goods are counted in."""

    ordered: str | None
    base: str | None


_IN_BASE_UNITS: Final = frozenset({"quantity.moved", "goods.received", "excess.decided", "damage.decided", "stockout_risk.found"})
"""Events whose quantities are in base units; all others speak in the unit of the line."""


def load_names(
    tx: Tx, events: Sequence[RecordedEvent], order: PurchaseOrder, supplier: str, programs: Mapping[UUID, Program]
) -> Names:
    """Read the names of everybody and every place that these events mention; ``programs`` are the clients of the API."""
    mentioned = {id_ for event in events for id_ in (event.actor_id, event.on_behalf_of) if id_ is not None}
    mentioned |= {UUID(str(value)) for event in events for name, value in event.payload.items() if name in _PEOPLE and value}
    sites = {UUID(str(event.payload["site_id"])) for event in events if event.payload.get("site_id")}
    items = masters.items(tx, {line.item_id for line in order.lines if line.item_id is not None})
    known = {line.line_no: items.get(line.item_id) if line.item_id else None for line in order.lines}
    bases = {number: item.units.base_uom if item else None for number, item in known.items()}
    units = {line.line_no: LineUnits(line.uom, bases[line.line_no]) for line in order.lines}
    called = {id_: _called(programs[id_], order, supplier) for id_ in mentioned if id_ in programs}
    return Names({**called, **names.people(tx, mentioned)}, names.site_names(tx, sites), supplier, units)


def _called(program: Program, order: PurchaseOrder, supplier: str) -> str:
    """A supplier's program speaks for the supplier; the name of its key tells which of its systems it was."""
    own = program.supplier_id is not None and program.supplier_id == order.supplier_id
    return f"{supplier} ({program.name})" if own and not program.name.startswith(supplier) else program.name


class Storyteller:
    """Writes events for one reader: his language, his time zone."""

    def __init__(self, viewer: Viewer, known: Names, currency: str) -> None:
        self._viewer = viewer
        self._known = known
        self._currency = currency
        self._: Callable[[str], str] = gettext(viewer.locale)

    def entry(self, event: RecordedEvent) -> Entry:
        """Write one event; a type without a sentence of its own shows its name."""
        sentence = SENTENCES.get(event.type, _UNKNOWN)
        text = sentence.text
        if sentence.without is not None and not event.payload.get(sentence.without[0]):
            text = sentence.without[1]
        verdict = str(event.payload.get("verdict", ""))
        source = "" if event.source == _OURSELVES else self._(_SOURCE.get(event.source, event.source))
        return Entry(
            at=event.occurred_at,
            text=self._(text) % _Values(self, event),
            who=self.who(event),
            source=source,
            tone=_TONE_OF_VERDICT.get(verdict, sentence.tone),
            icon=sentence.icon,
            note=event.reason,
            codes=self._codes(event),
        )

    def who(self, event: RecordedEvent) -> str:
        """Return who did it, and for whom."""
        _ = self._
        if event.actor_kind == ActorKind.SUPPLIER:
            name = self._known.supplier
        elif event.actor_kind == ActorKind.SYSTEM or event.actor_id is None:
            name = _("Purveyor")
        else:
            name = self._known.people.get(event.actor_id, _("a program"))
        if event.on_behalf_of is None:
            return name
        return _("%(who)s for %(holder)s") % {"who": name, "holder": self._known.people.get(event.on_behalf_of, _("somebody"))}

    def value(self, event: RecordedEvent, name: str) -> str:
        """Write one value of an event for people; what is absent is a dash."""
        raw = event.type if name == "type" else event.payload.get(name)
        if raw is None or raw == "":
            return "–"
        if isinstance(raw, list):
            return ", ".join(self._word(name, str(each)) for each in raw) or self._("nothing")
        return self._shown(event, name, raw)

    def _shown(self, event: RecordedEvent, name: str, raw: Json) -> str:
        text, locale = str(raw), self._viewer.locale
        if name in _PEOPLE:
            return self._known.people.get(UUID(text), self._("somebody"))
        if name == "site_id":
            return self._known.sites.get(UUID(text), text)
        if name in _MONEY:
            currency = str(event.payload.get("currency") or event.payload.get("policy_currency") or self._currency)
            return formats.money_text(Decimal(text), currency, locale=locale)
        if name in _MOMENTS:
            return formats.moment_text(datetime.fromisoformat(text), time_zone=self._viewer.time_zone, locale=locale)
        if name in _DAYS:
            return formats.date_text(date.fromisoformat(text), locale=locale)
        if name in _NUMBERS:
            return formats.quantity_text(Decimal(text), self._unit(event, name), locale=locale)
        return self._word(name, text)

    def _unit(self, event: RecordedEvent, name: str) -> str | None:
        """Return the unit of a quantity, None for what was keyed: it has a unit of its own."""
        units = self._known.units.get(int(str(event.payload.get("line_no") or 0)))
        if units is None or name == "keyed":
            return None
        return units.base if event.type in _IN_BASE_UNITS else units.ordered

    def _mismatch(self, key: str) -> str:
        """Write a difference of an invoice, ``line:class``, in words."""
        line_no, _sep, kind = key.partition(":")
        words = self._(codes.MISMATCH.get(kind, kind))
        return words if line_no == "0" else self._("%(what)s on line %(line)s") % {"what": words, "line": line_no}

    def _word(self, name: str, text: str) -> str:
        if name in ("mismatches", "mismatch"):
            return self._mismatch(text)
        known = _WORDS.get(name, {})
        return self._(known[text]) if text in known else text

    def _codes(self, event: RecordedEvent) -> tuple[tuple[str, str], ...]:
        _ = self._
        pairs = [
            (_("Event"), str(event.id)),
            (_("Type"), event.type),
            (_("Hash"), event.hash),
            (_("Policy set"), event.policy_set),
        ]
        return tuple((name, value) for name, value in pairs if value)


class _Values(Mapping[str, str]):
    """The values of an event, written when a sentence asks for them."""

    def __init__(self, teller: Storyteller, event: RecordedEvent) -> None:
        self._teller, self._event = teller, event

    def __getitem__(self, name: str) -> str:
        return self._teller.value(self._event, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._event.payload)

    def __len__(self) -> int:
        return len(self._event.payload)


_ROLES: Final = {role.value: text for role, text in ROLE.items()}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": {**{str(kind): text for kind, text in terms.MESSAGE.items()}, **codes.MOVED},
    "channel": terms.CHANNEL,
    "state": {state.value: word.text for state, word in terms.CONFIRMATION.items()},
    "basis": {basis.value: text for basis, text in terms.BASIS.items()},
    "role": terms.APPROVAL_ROLE,
    "chain": terms.APPROVAL_ROLE,
    "verdict": {**_VERDICT, "accepted": marked("accepted"), "rejected": marked("rejected")},
    "owner_role": _ROLES,
    "from_role": _ROLES,
    "to_role": _ROLES,
    "codes": codes.FINDING,
    "code": codes.FINDING,
    "result": codes.ANSWER_RESULT,
    "outcome": codes.MATCH_OUTCOME,
    "cause": codes.CAUSE,
    "resolution": codes.RESOLUTION,
    "action": {state.value: word.text for state, word in terms.ADVISORY.items()},
    "exception_type": {kind.value: text for kind, text in terms.EXCEPTION.items()},
}
