"""Identifiers of everything Purveyor keeps.

Own ids exist from day one for orders, items, suppliers, sites and people; codes of outside systems are mapped to them
by cross-references.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NewType
from uuid import UUID

OrderId = NewType("OrderId", UUID)
ItemId = NewType("ItemId", UUID)
SupplierId = NewType("SupplierId", UUID)
SiteId = NewType("SiteId", UUID)
BusinessUnitId = NewType("BusinessUnitId", UUID)
UserId = NewType("UserId", UUID)
ClientId = NewType("ClientId", UUID)
AgreementId = NewType("AgreementId", UUID)
ChainId = NewType("ChainId", UUID)
StepId = NewType("StepId", UUID)
AcknowledgmentId = NewType("AcknowledgmentId", UUID)
ShipNoticeId = NewType("ShipNoticeId", UUID)
ReceiptId = NewType("ReceiptId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
MovementId = NewType("MovementId", UUID)
ExceptionCaseId = NewType("ExceptionCaseId", UUID)
ChangeOrderId = NewType("ChangeOrderId", UUID)
MessageId = NewType("MessageId", UUID)
ErpInstance = NewType("ErpInstance", str)
"""Short name of one connected ERP database, for example ``tryton``."""

ORDER_REF_PATTERN: Final = re.compile(r"[A-Z0-9]{1,12}")
"""Our reference inside ERPs: at most 12 characters, because the tightest ERP field holds no more."""


def uuid7(moment: datetime, random: bytes) -> UUID:
    """Build a UUIDv7 (RFC 9562) from a moment and ten random bytes; ids of later moments sort later."""
    milliseconds = int(moment.timestamp() * 1000)
    value = bytearray(milliseconds.to_bytes(6, "big") + random[:10])
    value[6] = (value[6] & 0x0F) | 0x70
    value[8] = (value[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(value))


def order_ref(sequence: int) -> str:
    """Return our order reference for a sequence number: ``PV`` and base 36, at most 12 characters."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = ""
    rest = sequence
    while rest:
        rest, digit = divmod(rest, 36)
        text = digits[digit] + text
    return "PV" + text.rjust(6, "0")
