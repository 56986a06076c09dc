"""Every table of the product; importing this package completes ``METADATA``."""

from purveyor.store.tables import approvals, flow, log, masters, orders, parties, policies
from purveyor.store.tables.base import METADATA

__all__ = ["METADATA", "approvals", "flow", "log", "masters", "orders", "parties", "policies"]
