"""The answer to a code of an ERP that nobody mapped: a person names our code of the record it stands for.

The code is looked up, never guessed. Once it is known, everything that waited for it is read again and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from purveyor.app import masters as masters_app
from purveyor.app import quarantine
from purveyor.app.masters import LEGAL_ENTITY
from purveyor.app.resolve import Resolve
from purveyor.core.cases import ExceptionCase
from purveyor.core.erp_records import Entity
from purveyor.core.errors import InvalidInput
from purveyor.core.ids import ErpInstance
from purveyor.store import masters, xref
from purveyor.store.db import Tx
from purveyor.store.xref import Code

MAP: Final = "map_code"
"""The resolution that says which of our records a code stands for."""

ASKED_FOR: Final[Mapping[str, str]] = {
    Entity.ITEM: "the SKU of one of our items",
    Entity.SUPPLIER: "the code of one of our suppliers",
    Entity.SITE: "the code of one of our sites",
    Entity.UOM: "the code of a unit that is known in the same group of units",
    LEGAL_ENTITY: "the code of one of our business units",
}
"""What a person enters, by the kind of the unknown code."""


def question_of(case: ExceptionCase) -> tuple[ErpInstance, Code] | None:
    """Return the ERP and the code an exception asks about when a record of ours can answer it."""
    asked = quarantine.asked_about(case)
    return asked if asked is not None and asked[1].entity in ASKED_FOR else None


def lock_waiting(tx: Tx, case: ExceptionCase) -> None:
    """Lock what waits for the answer to an exception; nothing for an exception that asks about no code."""
    asked = question_of(case)
    if asked is not None:
        xref.lock_waiting(tx, *asked)


def map_to_ours(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    """Map the code an exception asks about to the record the person named; what waited for it is read again.

    Raises InvalidInput for a record that is not named or not known, NotAuthorised.
    """
    asked = question_of(case)
    assert asked is not None
    erp, code = asked
    named = (command.own_code or "").strip()
    if not named or not _mapped(tx, erp, code, named):
        why = f"{named} is not known here" if named else f"{code.external_id} stands for nothing yet"
        raise InvalidInput(field="own_code", reason=f"{why}: enter {ASKED_FOR[code.entity]}")


@dataclass(frozen=True, slots=True)
class CodePair:
    """A code of an ERP and our code of the record it stands for; ``entity`` is a key of ``ASKED_FOR``."""

    entity: str
    their_code: str
    our_code: str


def map_table(tx: Tx, erp: ErpInstance, pairs: Sequence[CodePair]) -> None:
    """Map many codes at once, before an ERP is read for the first time or later; what waited for them is read again.

    Raises InvalidInput naming the first pair that cannot be mapped; then none is. Raises NotAuthorised.
    """
    for pair in pairs:
        said = f"{pair.entity} {pair.their_code} = {pair.our_code}"
        if pair.entity not in ASKED_FOR:
            raise InvalidInput(field="entity", reason=f"{said}: the kind is one of {', '.join(ASKED_FOR)}")
        if not _mapped(tx, erp, Code(pair.entity, pair.their_code), pair.our_code):
            raise InvalidInput(field="our_code", reason=f"{said}: enter {ASKED_FOR[pair.entity]}")


def _mapped(tx: Tx, erp: ErpInstance, code: Code, named: str) -> bool:
    if code.entity == Entity.UOM:
        return masters_app.map_unit(tx, erp, code, named)
    own_id = masters.ids_by_code(tx, code.entity, [named]).get(named)
    if own_id is not None:
        quarantine.map_code(tx, erp, code, own_id)
    return own_id is not None
