"""Exceptions: the list, and one open question with its evidence and the decisions that settle it."""
