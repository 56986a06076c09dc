"""Purveyor: the open, self-hosted orchestration layer for distribution procurement."""
