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
AdvisoryId = NewType("AdvisoryId", UUID)
ErpInstance = NewType("ErpInstance", str)
"""Short name of one connected ERP database, for example ``tryton``."""

ORDER_REF_PREFIX: Final = "PV"
ORDER_REF_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
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
    """Return our order reference for a sequence number: ``PV`` and base 32 without the look-alikes I, L, O and U.

    Suppliers key it from paper and number their bills after it. At most 12 characters. Alphabet: Crockford base 32.
    """
    text = ""
    rest = sequence
    while rest:
        rest, digit = divmod(rest, len(ORDER_REF_DIGITS))
        text = ORDER_REF_DIGITS[digit] + text
    return ORDER_REF_PREFIX + text.rjust(6, "0")


def read_order_ref(text: str) -> str:
    """Return an order reference as we wrote it from what somebody keyed: upper case, no spaces, O read as 0, I and L as 1."""
    kept = "".join(text.split()).upper()
    if not kept.startswith(ORDER_REF_PREFIX):
        return kept
    return ORDER_REF_PREFIX + kept.removeprefix(ORDER_REF_PREFIX).translate(_LOOKALIKES)
