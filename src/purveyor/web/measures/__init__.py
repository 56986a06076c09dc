"""How well does the process run? Each measure with its definition, what it rests on, and the orders behind it."""
