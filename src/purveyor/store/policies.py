"""Policy versions and publications, and the policy set in force at the business time of a transaction.

Compiled sets are kept by the hash of their versions: what is kept can never be out of date, because other content has another
hash. The content that is read is hashed again, so a changed row is noticed instead of obeyed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert

from purveyor.core.errors import NotFound, PurveyorError
from purveyor.core.policy.policy_set import PolicySet, policy_set
from purveyor.core.policy.reading import read_table
from purveyor.core.policy.table import Table
from purveyor.store.db import Tx
from purveyor.store.tables.policies import POLICY_PUBLICATION, POLICY_VERSION

SETS_KEPT: Final = 32
_COMPILED: Final[dict[tuple[tuple[str, str], ...], PolicySet]] = {}
_PUBLISH: Final = text("SELECT purveyor_publish_policy(:id, :key, :version, :effective_from, :publisher)")


class PolicyTampered(PurveyorError):
    """The stored text of a policy no longer gives its version; somebody changed it outside the product."""

    code = "policy_tampered"


@dataclass(frozen=True, slots=True)
class Publication:
    """A version of a table with the moment it comes into force and the two people (person keys) behind it."""

    table: str
    version: str
    effective_from: datetime
    published_at: datetime
    author: str
    publisher: str


def current_policies(tx: Tx) -> PolicySet:
    """Return the tables in force now (business time); an installation without policies has an empty set."""
    return policies_at(tx, tx.now)


def policies_at(tx: Tx, moment: datetime) -> PolicySet:
    """Return the tables in force at a moment, for decisions that keep the policy they were routed with."""
    versions = tuple(sorted((table, published.version) for table, published in in_force(tx, moment).items()))
    if versions not in _COMPILED:
        if len(_COMPILED) >= SETS_KEPT:
            _COMPILED.clear()
        _COMPILED[versions] = policy_set(_tables(tx, versions))
    return _COMPILED[versions]


def in_force(tx: Tx, moment: datetime) -> dict[str, Publication]:
    """Return the publication of each table that is in force at a moment."""
    columns = POLICY_PUBLICATION.c
    query = (
        select(POLICY_PUBLICATION)
        .where(columns.effective_from <= moment)
        .ext(distinct_on(columns.table_key))
        .order_by(columns.table_key, columns.effective_from.desc(), columns.id.desc())
    )
    return {row.table_key: _publication(row) for row in tx.conn.execute(query)}


def publications(tx: Tx, table: str) -> list[Publication]:
    """Return every publication of a table, the one that comes into force last first."""
    columns = POLICY_PUBLICATION.c
    query = select(POLICY_PUBLICATION).where(columns.table_key == table)
    return [_publication(row) for row in tx.conn.execute(query.order_by(columns.effective_from.desc(), columns.id.desc()))]


def content_of(tx: Tx, table: str, version: str) -> str:
    """Return the text of a version as it was loaded; raise NotFound, and PolicyTampered when it is not that version any more."""
    columns = POLICY_VERSION.c
    query = select(columns.content).where(columns.table_key == table, columns.version == version)
    content = tx.conn.execute(query).scalar_one_or_none()
    if content is None:
        raise NotFound(policy=table, version=version)
    _untouched(table, version, content)
    return str(content)


def _publication(row: Row[Any]) -> Publication:
    return Publication(row.table_key, row.version, row.effective_from, row.published_at, row.author, row.publisher)


def _untouched(key: str, version: str, content: str) -> Table:
    table = read_table(content, f"{key} {version[:12]}")
    if table.version != version:
        raise PolicyTampered(table=key, version=version)
    return table


def add_version(tx: Tx, table: Table, content: str, author: str) -> None:
    """Keep one version of a table; the same version is kept once, with its first author."""
    row = {"table_key": table.key, "version": table.version, "content": content, "author": author, "recorded_at": tx.now}
    tx.conn.execute(insert(POLICY_VERSION).values(**row).on_conflict_do_nothing())


def author_of(tx: Tx, table: str, version: str) -> str:
    """Return who wrote a version."""
    columns = POLICY_VERSION.c
    query = select(columns.author).where(columns.table_key == table, columns.version == version)
    return str(tx.conn.execute(query).scalar_one())


def publish(tx: Tx, table: str, version: str, effective_from: datetime, publisher: str) -> None:
    """Put a version in force from a moment; the database refuses one name in both places and a moment in the past."""
    values = {"id": tx.new_id(), "key": table, "version": version, "effective_from": effective_from, "publisher": publisher}
    tx.conn.execute(_PUBLISH, values)


def _tables(tx: Tx, versions: Collection[tuple[str, str]]) -> Sequence[Table]:
    columns = POLICY_VERSION.c
    query = select(columns.table_key, columns.version, columns.content)
    rows = tx.conn.execute(query.where(tuple_(columns.table_key, columns.version).in_(versions))) if versions else ()
    contents: Mapping[str, tuple[str, str]] = {row.table_key: (row.version, row.content) for row in rows}
    tables = []
    for key, (version, content) in sorted(contents.items()):
        tables.append(_untouched(key, version, content))
    return tables
