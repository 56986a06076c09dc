"""Every table of the product; importing this package completes ``METADATA``."""

from purveyor.store.tables import (
    accounts,
    advisories,
    approvals,
    cases,
    demo,
    feeds,
    findings,
    flow,
    goods,
    invoices,
    log,
    masters,
    orders,
    parties,
    policies,
    secrets,
    supplier_side,
)
from purveyor.store.tables.base import METADATA

__all__ = [
    "METADATA",
    "accounts",
    "advisories",
    "approvals",
    "cases",
    "demo",
    "feeds",
    "findings",
    "flow",
    "goods",
    "invoices",
    "log",
    "masters",
    "orders",
    "parties",
    "policies",
    "secrets",
    "supplier_side",
]
