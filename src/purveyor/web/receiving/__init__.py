"""The dock: what is expected, what was counted, and what must be counted or decided again."""
