"""The approver's pages: what waits, one decision, and handing steps over while away."""
