"""Events of the log as the auditor's page names them: what, who, about which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from purveyor.core.access import SYSTEM, ActorKind
from purveyor.core.ids import OrderId
from purveyor.store.db import Database, Tx
from purveyor.store.events import RecordedEvent
from purveyor.store.views import names
from purveyor.store.views.exception_view import order_refs
from purveyor.web.i18n import marked

KIND: Final[dict[str, str]] = {
    ActorKind.USER.value: marked("a person"),
    ActorKind.SUPPLIER.value: marked("a supplier"),
    ActorKind.API_CLIENT.value: marked("a program"),
    ActorKind.SYSTEM.value: marked("Purveyor itself"),
    ActorKind.ADVISORY.value: marked("a suggestion"),
}


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One row: the event, the reference of its order when there is one, and who did it for whom."""

    event: RecordedEvent
    order_ref: str | None
    who: str
    on_behalf_of: str | None

    @property
    def what(self) -> str:
        """The type of the event as words."""
        return in_words(self.event.type)

    @property
    def stream(self) -> str:
        """The stream in words, with the place of the event in it."""
        return f"{in_words(self.event.stream.type)} · {self.event.position}"


def in_words(code: str) -> str:
    """Write a code of ours as words."""
    return code.replace(".", " ").replace("_", " ")


def shown(tx: Tx, database: Database, found: Sequence[RecordedEvent], _: Callable[[str], str]) -> list[ShownEvent]:
    """Return the rows of a page; programs are known under the product's own scope alone."""
    with database.read(SYSTEM, correlation_id=tx.correlation_id, source="web") as own:
        known: dict[UUID, str] = {key: program.name for key, program in names.programs(own).items()}
    ids = {one for event in found for one in (event.actor_id, event.on_behalf_of) if one is not None}
    known |= names.people(tx, ids) | names.supplier_names(tx, ids)
    orders = {event.id: order for event in found if (order := _order_of(event)) is not None}
    refs = order_refs(tx, list(orders.values()))
    return [_shown(event, known, refs.get(orders.get(event.id, event.id)), _) for event in found]


def _shown(event: RecordedEvent, known: Mapping[UUID, str], order_ref: str | None, _: Callable[[str], str]) -> ShownEvent:
    kind = _(KIND.get(event.actor_kind, event.actor_kind))
    return ShownEvent(
        event,
        order_ref,
        kind if event.actor_id is None else known.get(event.actor_id, kind),
        None if event.on_behalf_of is None else known.get(event.on_behalf_of, str(event.on_behalf_of)),
    )


def _order_of(event: RecordedEvent) -> OrderId | None:
    return next((OrderId(ref.id) for ref in (event.stream, *event.refs) if ref.type == "order"), None)
