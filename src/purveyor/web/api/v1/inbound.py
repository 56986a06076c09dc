"""Documents that partners send: each is kept as it came, under its sender's own id, before it is applied.

The sender is part of a document's identity, so nobody can meet or replace another one's documents.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from purveyor.core.ids import SupplierId
from purveyor.core.order import PurchaseOrder
from purveyor.store import inbox
from purveyor.store.db import Tx
from purveyor.store.inbox import Inbound
from purveyor.web.api.common import Call

CHANNEL: Final = "api"


def source_of(call: Call) -> str:
    """Return the name of the sender: a supplier whatever channel he uses, otherwise the client."""
    return f"supplier:{call.actor.supplier_id}" if call.actor.supplier_id else f"client:{call.actor.id}"


def keep(
    tx: Tx,
    call: Call,
    kind: str,
    body: BaseModel,
    external_id: str,
    revision: int,
    sent_at: datetime | None,
    about: PurchaseOrder | SupplierId,
) -> UUID:
    """Keep a document as it came and return its place in the inbox; a repetition is kept once."""
    order, supplier_id = (about, about.supplier_id) if isinstance(about, PurchaseOrder) else (None, about)
    received = inbox.receive(
        tx,
        Inbound(
            source=f"{source_of(call)}:{kind}",
            external_id=external_id,
            kind=kind,
            payload=body.model_dump(mode="json"),
            revision=revision,
            sent_at=sent_at,
            order_id=None if order is None else order.id,
            business_unit_id=None if order is None else order.business_unit_id,
            supplier_id=supplier_id,
        ),
    )
    return received.id
