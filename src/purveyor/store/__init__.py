"""The only place with SQL: tables, migrations, and functions that load and save.

Every function takes the transaction as first argument and neither commits nor opens one of its own.
"""
