"""What happened: immutable events, one module per stream family; the catalogue in the docs is generated from these classes."""
