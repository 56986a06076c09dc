"""Tryton 8.2 as an ERP: masters, stock and drafts by polling, guarded writes over JSON-RPC."""

from purveyor.connectors.erp.tryton.connector import TrytonAccess, TrytonConnector

__all__ = ["TrytonAccess", "TrytonConnector"]
