"""Why an order was routed to these people: the policy rows that spoke, in words, from the tables in force at that time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from purveyor.core.approval_chain import ApprovalChain
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.policy.table import AnyValue, Band, Cell, InputColumn, InputType, Row, Table
from purveyor.store import policies
from purveyor.store.db import Tx
from purveyor.web import formats
from purveyor.web.i18n import gettext
from purveyor.web.workbench import terms


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
        says = "; ".join(self._says(row) for row in rows)
        return RowWords(compiled.table.purpose, conditions, says, source)

    def _conditions(self, table: Table, row: Row) -> str:
        pairs = zip(table.inputs, row.cells, strict=True)
        told = [self._condition(column, cell) for column, cell in pairs if not isinstance(cell, AnyValue)]
        return ", ".join(told) or self._("every order")

    def _condition(self, column: InputColumn, cell: Cell) -> str:
        name = column.name.replace("_", " ")
        if not isinstance(cell, Band):
            return f"{name} {cell}"
        low, high = (self._limit(column, limit) for limit in (cell.at_least, cell.below))
        if cell.below is None:
            return self._("%(name)s from %(low)s") % {"name": name, "low": low}
        if cell.at_least is None or cell.at_least == column.at_least:
            return self._("%(name)s below %(high)s") % {"name": name, "high": high}
        return self._("%(name)s from %(low)s to below %(high)s") % {"name": name, "low": low, "high": high}

    def _limit(self, column: InputColumn, limit: Decimal | None) -> str:
        if limit is None:
            return ""
        if column.type is InputType.MONEY:
            return formats.money_text(limit, column.unit, locale=self._locale)
        return formats.number_text(limit, locale=self._locale)

    def _says(self, row: Row) -> str:
        roles = [each for value in row.outputs.values() for each in (value if isinstance(value, tuple) else (value,))]
        words = [self._(terms.APPROVAL_ROLE.get(str(role), str(role))) for role in roles if role is not None]
        return ", ".join(words) or self._("nobody needs to approve")
