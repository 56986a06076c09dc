"""Integrations: each outside system with its owner, its state, how fresh its data are, and what an outage touches."""
