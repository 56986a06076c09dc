"""Figures of the process from event rows, without a database."""
