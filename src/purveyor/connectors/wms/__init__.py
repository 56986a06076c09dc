"""Warehouse systems: we tell them what to await, they tell us over our API what arrived."""
