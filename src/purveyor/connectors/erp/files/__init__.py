"""The adapter for ERPs that exchange files: CSV or XLSX in folders, exports in, import files out, acknowledgments back."""

from purveyor.connectors.erp.files.connector import FilesAccess, FilesConnector
from purveyor.connectors.erp.files.layout import Layout

__all__ = ["FilesAccess", "FilesConnector", "Layout"]
