"""The demo distributor: a real ERP, partners on real channels, and a story told by the code that production runs."""
