"""The business as frozen values and pure functions; standard library only.

Nothing here reads a clock, a database, a file or the network, so every rule can be tested with plain values.
"""
