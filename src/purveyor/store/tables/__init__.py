"""Every table of the product; importing this package completes ``METADATA``."""

from purveyor.store.tables import flow, log, masters, orders, parties
from purveyor.store.tables.base import METADATA

__all__ = ["METADATA", "flow", "log", "masters", "orders", "parties"]
