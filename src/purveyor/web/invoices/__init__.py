"""Invoices: what was billed beside what was ordered and received."""
