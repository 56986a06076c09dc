"""Why an order was routed to these people: the policy rows that spoke, in words, from the tables in force at that time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from purveyor.core.approval_chain import ApprovalChain
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.policy.table import AnyValue, Band, Cell, InputColumn, InputType, OneOf, Row, Table
from purveyor.store import policies
from purveyor.store.db import Tx
from purveyor.web import formats
from purveyor.web.i18n import gettext, marked
from purveyor.web.workbench import terms

_NAMES: Final[dict[str, str]] = {
    "amount": marked("the order total"),
    "category": marked("the category of its goods"),
    "severity": marked("the gravest finding of the gate"),
    "over_budget": marked("over budget"),
}
_SENTENCES: Final[dict[tuple[str, str], str]] = {
    ("severity", "approve"): marked("the gate found something that somebody has to approve"),
    ("severity", "block"): marked("the gate found something that stops the order"),
    ("severity", "warn"): marked("the gate warns of something"),
    ("severity", "info"): marked("the gate notes something"),
    ("severity", "none"): marked("the gate found nothing"),
    ("over_budget", "yes"): marked("the order exceeds its budget"),
    ("over_budget", "no"): marked("the order fits its budget"),
}
"""What conditions of the approval tables mean; a table of the customer's own reads "name is value"."""
_INSTEAD: Final[dict[str, str]] = {"approval_limits": marked("a figure is missing, so the policy cannot choose who approves")}
"""What the row without conditions means that decides when the others cannot."""
_WHO: Final = frozenset({"chain", "role", "undecided_chain"})
"""The outputs that name who approves."""


@dataclass(frozen=True, slots=True)
class RowWords:
    """One policy row: what its table is for, its conditions and what it says, and its source for Details."""

    purpose: str
    conditions: str
    says: str
    source: str


class PolicyReader:
    """Writes policy rows for one reader: amounts in his language, roles by their screen words."""

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self._: Callable[[str], str] = gettext(locale)

    def why_routed(self, tx: Tx, chain: ApprovalChain) -> list[RowWords]:
        """Return the policy rows a chain was routed by; a row that cannot be read any more is named by its source alone."""
        try:
            in_force = policies.policies_at(tx, chain.opened_at)
        except policies.PolicyTampered:
            return [RowWords("", "", "", source) for source in chain.sources]
        return [self._rows(in_force, source) for source in chain.sources]

    def _rows(self, in_force: PolicySet, source: str) -> RowWords:
        key, _, rest = source.partition(":")
        compiled = in_force.tables.get(key)
        wanted = rest.partition("@")[0].split("+")
        rows = [row for row in compiled.table.rows if row.id in wanted] if compiled else []
        if compiled is None or not rows:
            return RowWords("", "", "", source)
        conditions = "; ".join(self._conditions(compiled.table, row) for row in rows)
        conditions = self._(_INSTEAD.get(key, conditions))
        says = "; ".join(self._says(row) for row in rows)
        return RowWords(compiled.table.purpose, conditions, says, source)

    def _conditions(self, table: Table, row: Row) -> str:
        pairs = zip(table.inputs, row.cells, strict=True)
        told = [self._condition(column, cell) for column, cell in pairs if not isinstance(cell, AnyValue)]
        return ", ".join(told) or self._("every order")

    def _condition(self, column: InputColumn, cell: Cell) -> str:
        if isinstance(cell, Band):
            return self._between(column, cell)
        values = sorted(cell.values) if isinstance(cell, OneOf) else [str(cell)]
        return self._(" or ").join(self._is(column, value) for value in values)

    def _is(self, column: InputColumn, value: str) -> str:
        known = _SENTENCES.get((column.name, value))
        return self._(known) if known else self._("%(name)s is %(value)s") % {"name": self._name(column), "value": value}

    def _name(self, column: InputColumn) -> str:
        return self._(_NAMES[column.name]) if column.name in _NAMES else column.name.replace("_", " ")

    def _between(self, column: InputColumn, band: Band) -> str:
        low, high = (self._limit(column, limit) for limit in (band.at_least, band.below))
        values = {"name": self._name(column), "low": low, "high": high}
        if band.below is None:
            return self._("%(name)s is %(low)s or more") % values
        if band.at_least is None or band.at_least == column.at_least:
            return self._("%(name)s is below %(high)s") % values
        return self._("%(name)s is at least %(low)s and below %(high)s") % values

    def _limit(self, column: InputColumn, limit: Decimal | None) -> str:
        if limit is None:
            return ""
        if column.type is InputType.MONEY:
            return formats.money_text(limit, column.unit, locale=self._locale)
        return formats.number_text(limit, locale=self._locale)

    def _says(self, row: Row) -> str:
        outputs = [value for name, value in row.outputs.items() if name in _WHO]
        roles = [each for value in outputs for each in (value if isinstance(value, tuple) else (value,))]
        words = [self._(terms.APPROVAL_ROLE.get(str(role), str(role))) for role in roles if role is not None]
        if not words:
            return self._("nobody needs to approve")
        return self._("approved by %(roles)s") % {"roles": self._(", then ").join(words)}
