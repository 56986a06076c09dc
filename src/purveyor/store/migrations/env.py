"""Runs the migrations on the connection that the caller of ``upgrade`` opened.

Data steps see every row: the transaction takes the system scope, because forced row security binds the owner as well.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from purveyor.store.tables import METADATA

connection = context.config.attributes["connection"]
connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('purveyor migrations'))"))
connection.execute(text("SELECT set_config('purveyor.scope', 'system', true)"))
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
