"""Checks and chores of the project itself; nothing here is shipped."""
