"""Many rows at once: COPY into a staging table of the transaction, then one merge into the real one.

COPY is the fastest way in, but Postgres refuses it on tables with row security; the merge from the staging table is checked
by the policies like any other statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.db import Tx, driver_connection
from purveyor.store.json_types import dump_json

STAGING = "purveyor_staging"


def merge(tx: Tx, table: Table, rows: Iterable[Mapping[str, Any]], *, key: Sequence[str]) -> int:
    """Insert rows or bring those with the same ``key`` up to date; return how many rows were new or changed.

    All rows carry the same columns; within one call a key may appear once. Rows that are equal already are left untouched,
    so repeating a load writes nothing.
    """
    batch = list(rows)
    if not batch:
        return 0
    columns = list(batch[0])
    connection = driver_connection(tx)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(table.name)
    staging = sql.Identifier(STAGING)
    connection.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(staging))
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(staging, names, target)
    )
    as_json = {column.name for column in table.columns if isinstance(column.type, JSONB)}
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(staging, names)) as copy:
        for row in batch:
            copy.write_row([_copied(row[column], as_json=column in as_json) for column in columns])
    return connection.execute(_merge_statement(target, staging, columns, key)).rowcount


def _copied(value: Any, *, as_json: bool) -> Any:
    return Jsonb(value, dumps=dump_json) if as_json and value is not None else value


def _merge_statement(target: sql.Identifier, staging: sql.Identifier, columns: Sequence[str], key: Sequence[str]) -> sql.Composed:
    """Compose the upsert; with nothing but the key in the rows, known ones are simply left alone."""
    others = [column for column in columns if column not in key]
    names, keys = (sql.SQL(", ").join(map(sql.Identifier, group)) for group in (columns, key))
    insertion = sql.SQL("INSERT INTO {} AS known ({}) SELECT {} FROM {} ON CONFLICT ({}) ").format(
        target, names, names, staging, keys
    )
    if not others:
        return insertion + sql.SQL("DO NOTHING")
    changes = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in others)
    present = sql.SQL(", ").join(sql.SQL("known.{}").format(sql.Identifier(column)) for column in others)
    wanted = sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(column)) for column in others)
    condition = sql.SQL(" WHERE ({}) IS DISTINCT FROM ({})").format(present, wanted)
    return insertion + sql.SQL("DO UPDATE SET ") + changes + condition
