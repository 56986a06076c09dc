"""What stands in stock, who wants it, and what was bought before: figures that age quickly, replaced as the ERP reports them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.facts import Fact
from purveyor.core.ids import BusinessUnitId, ItemId, SiteId, SupplierId
from purveyor.core.items import DemandLine, StockPosition
from purveyor.store.db import Tx
from purveyor.store.masters import Provenance, merge_rows
from purveyor.store.tables.masters import DEMAND_LINE, LEAD_TIME_OBSERVATION, ORDER_HISTORY, STOCK_POSITION

_FIGURES = ("on_hand", "allocated", "on_order", "daily_demand", "reorder_point", "maximum", "sales_price")
_DEMAND = tuple(field.name for field in fields(DemandLine))


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One purchase of the past in base units of the item; what is usual is computed from these."""

    item_id: ItemId
    source_ref: str
    business_unit_id: BusinessUnitId
    quantity: Decimal
    ordered_on: date
    site_id: SiteId | None = None
    supplier_id: SupplierId | None = None


@dataclass(frozen=True, slots=True)
class LeadTimeObservation:
    """How long one delivery took, from order to receipt."""

    supplier_id: SupplierId
    item_id: ItemId
    source_ref: str
    ordered_on: date
    received_on: date


def save_stock(tx: Tx, positions: Sequence[StockPosition], unit_of: Mapping[SiteId, BusinessUnitId], came: Provenance) -> None:
    """Write stock positions, and the open demand that they carry under its own reference."""
    rows = [
        {
            "item_id": position.item_id,
            "site_id": position.site_id,
            "business_unit_id": unit_of[position.site_id],
            **{name: getattr(position, name) for name in _FIGURES},
            **came.columns(),
        }
        for position in positions
    ]
    merge_rows(tx, STOCK_POSITION, rows)
    wanted = [
        OpenDemand(position.item_id, position.site_id, line.source_ref, line)
        for position in positions
        for line in position.demand
    ]
    save_demand(tx, wanted, unit_of, came)


@dataclass(frozen=True, slots=True)
class OpenDemand:
    """Somebody needs an item at a site; ``external_id`` is the id of the need in the system it came from."""

    item_id: ItemId
    site_id: SiteId
    external_id: str
    line: DemandLine


def save_demand(tx: Tx, demand: Sequence[OpenDemand], unit_of: Mapping[SiteId, BusinessUnitId], came: Provenance) -> None:
    """Write open demand; the same id from the same system is the same need."""
    rows = [
        {
            "item_id": need.item_id,
            "site_id": need.site_id,
            "external_id": need.external_id,
            "business_unit_id": unit_of[need.site_id],
            **{name: getattr(need.line, name) for name in _DEMAND},
            **came.columns(),
        }
        for need in demand
    ]
    merge_rows(tx, DEMAND_LINE, rows)


def forget_demand(tx: Tx, source: str, external_ids: Collection[str]) -> None:
    """Take out demand that was served or withdrawn."""
    gone = DEMAND_LINE.c.external_id == func.any(bindparam("external_ids"))
    tx.conn.execute(DEMAND_LINE.delete().where(DEMAND_LINE.c.source == source, gone), {"external_ids": list(external_ids)})


def stock(tx: Tx, item_ids: Collection[ItemId]) -> dict[tuple[ItemId, SiteId], Fact[StockPosition]]:
    """Return the stock of items at every site of this scope, with open demand by need-by date and the age of the figures."""
    wanted: dict[tuple[ItemId, SiteId], list[DemandLine]] = {}
    demand = select(DEMAND_LINE).where(DEMAND_LINE.c.item_id == func.any(bindparam("ids")))
    ids = {"ids": list(item_ids)}
    for row in tx.conn.execute(demand.order_by(DEMAND_LINE.c.need_by, DEMAND_LINE.c.source_ref), ids):
        line = DemandLine(**{name: getattr(row, name) for name in _DEMAND})
        wanted.setdefault((ItemId(row.item_id), SiteId(row.site_id)), []).append(line)
    found = {}
    for row in tx.conn.execute(select(STOCK_POSITION).where(STOCK_POSITION.c.item_id == func.any(bindparam("ids"))), ids):
        place = (ItemId(row.item_id), SiteId(row.site_id))
        figures = {name: getattr(row, name) for name in _FIGURES}
        position = StockPosition(*place, **figures, demand=tuple(wanted.get(place, ())))
        found[place] = Fact(position, row.as_of, row.source)
    return found


def save_history(tx: Tx, past: Sequence[PastOrder], source: str) -> None:
    """Write purchases of the past; the same reference is the same purchase."""
    merge_rows(
        tx,
        ORDER_HISTORY,
        [{**{field.name: getattr(one, field.name) for field in fields(PastOrder)}, "source": source} for one in past],
    )


def save_lead_times(tx: Tx, observed: Sequence[LeadTimeObservation]) -> None:
    """Write observed lead times; the same reference is the same delivery."""
    if observed:
        rows = [{field.name: getattr(one, field.name) for field in fields(LeadTimeObservation)} for one in observed]
        tx.conn.execute(upsert(LEAD_TIME_OBSERVATION).on_conflict_do_nothing(), rows)
