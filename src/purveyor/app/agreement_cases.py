"""Agreements that cannot be meant as they are written: one that costs more per unit the more is bought is refused at load.

What was agreed before stays in force meanwhile. Source: domain.md 1, "Rising breaks"; worked case PB19.
"""

from __future__ import annotations

from collections.abc import Sequence

from purveyor.app.cases import clear, open_case
from purveyor.core.cases import ExceptionType, OpenCase, compared
from purveyor.core.ids import AgreementId
from purveyor.core.items import Agreement, Item
from purveyor.core.pricing import rising_breaks
from purveyor.store import case_keys, masters
from purveyor.store.db import Tx


def rising_key(agreement_id: AgreementId) -> str:
    """Return the natural key of the exception about an agreement whose breaks rise."""
    return f"break_not_descending:{agreement_id}"


def without_rising(tx: Tx, agreements: Sequence[Agreement]) -> list[Agreement]:
    """Return the agreements whose breaks do not rise; each of the others opens an exception until it is corrected in the ERP."""
    items = masters.items(tx, {one.item_id for one in agreements})
    found = {one.id: _rising(one, items[one.item_id]) for one in agreements}
    sound = [one for one in agreements if found[one.id] is None]
    for key in sorted(case_keys.open_among(tx, [rising_key(one.id) for one in sound])):
        clear(tx, key)
    for one in agreements:
        pair = found[one.id]
        if pair is not None:
            _open(tx, one, items[one.item_id], pair)
    return sound


def _rising(agreement: Agreement, item: Item) -> tuple[str, str] | None:
    """The pair of breaks that rises; an agreement in a unit the item does not know is judged at the gate, where it is named."""
    known = all(item.units.knows(entry.uom) for entry in agreement.entries)
    return rising_breaks(agreement.entries, item.units) if known else None


def _open(tx: Tx, agreement: Agreement, item: Item, pair: tuple[str, str]) -> None:
    lower, higher = ({entry.id: entry for entry in agreement.entries}[name] for name in pair)
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.AGREEMENT_MISMATCH,
            natural_key=rising_key(agreement.id),
            summary=(
                f"Agreement {agreement.number}, item {item.sku}: from {higher.min_qty:f} {higher.uom} on a unit costs more than "
                f"from {lower.min_qty:f} {lower.uom} on; it was not taken over. Correct it in the ERP."
            ),
            supplier_id=agreement.supplier_id,
            category=item.category,
            evidence=(
                compared(f"from {lower.min_qty:f} {lower.uom}", erp=f"{lower.price:f} {lower.currency}"),
                compared(f"from {higher.min_qty:f} {higher.uom}", erp=f"{higher.price:f} {higher.currency}"),
            ),
            proposed_resolution="renegotiate",
        ),
    )
