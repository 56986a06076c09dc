"""The page behind a supplier's link: it needs no account, answers one order and announces its shipments."""
