"""The migrated schema is the one the code declares, and no table in it is without protection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, create_engine, pool, text

from purveyor.store import migrations
from purveyor.store.addresses import driver_address
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import ADVISORY, DEMO, OWNER, PORTAL, RUNTIME
from purveyor.store.row_security import Security
from purveyor.store.tables import METADATA

JOB_ENGINE_SCHEMA = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""Digest of the job engine's schema that our migrations apply; when it changes, its own migrations become one of ours."""

PLUMBING = {"alembic_version"}


@pytest.fixture
def owner(postgres: EmbeddedServer, database_name: str) -> Iterator[Connection]:
    """The owner's connection to a migrated database."""
    engine = create_engine(driver_address(postgres.url(OWNER, database_name)), poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield connection


def product_tables(connection: Connection) -> set[str]:
    rows = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
    return {name for name in rows if name not in PLUMBING and not name.startswith("procrastinate_")}


def test_the_migrated_schema_equals_the_declared_tables(owner: Connection) -> None:
    context = MigrationContext.configure(
        owner, opts={"include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("procrastinate_")}
    )

    assert compare_metadata(context, METADATA) == []


def test_migrating_again_changes_nothing(postgres: EmbeddedServer, database_name: str, owner: Connection) -> None:
    before = product_tables(owner)

    migrations.upgrade(postgres.url(OWNER, database_name))

    assert product_tables(owner) == before
    assert owner.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == migrations.head_revision()


def test_every_table_declares_its_protection(owner: Connection) -> None:
    declared = {table.name: table.info.get("security") for table in METADATA.tables.values()}

    assert {name for name, security in declared.items() if not isinstance(security, Security)} == set()
    assert product_tables(owner) == set(declared)


def test_every_table_with_a_unit_or_a_supplier_has_forced_row_security_with_a_policy(owner: Connection) -> None:
    unprotected = owner.execute(
        text(
            """
            SELECT c.relname FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
               AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                              AND a.attname IN ('business_unit_id', 'supplier_id'))
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                        AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))
            """
        )
    )

    assert unprotected.scalars().all() == []


def test_protection_in_the_database_is_what_the_tables_declare(owner: Connection) -> None:
    rows = owner.execute(
        text(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                   (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)
              FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            """
        )
    ).all()
    found = {name: (forced, policies) for name, forced, policies in rows}

    for table in METADATA.tables.values():
        scoped = table.info["security"].scoped_by != "open"
        assert found[table.name] == (scoped, 1 if scoped else 0), table.name


@pytest.mark.parametrize(("role", "granted"), [(RUNTIME, "runtime"), (ADVISORY, "advisory"), (DEMO, "demo")])
def test_roles_have_the_table_rights_that_are_declared_and_no_others(owner: Connection, role: str, granted: str) -> None:
    rows = owner.execute(
        text("SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = :role"),
        {"role": role},
    ).all()

    for table in METADATA.tables.values():
        rights = {right for name, right in rows if name == table.name}
        assert rights == set(getattr(table.info["security"], granted)), table.name


def test_suppliers_reach_only_the_columns_that_are_declared(owner: Connection) -> None:
    rows = owner.execute(
        text("SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges WHERE grantee = :role"),
        {"role": PORTAL},
    ).all()
    expected = {
        (table.name, right, column)
        for table in METADATA.tables.values()
        for right, columns in (
            ("SELECT", table.info["security"].portal_select),
            ("INSERT", table.info["security"].portal_insert),
        )
        for column in columns
    }

    assert {tuple(row) for row in rows} == expected


def test_nobody_but_the_owner_owns_anything_and_the_runtime_role_is_bound(owner: Connection) -> None:
    owners = owner.execute(text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")).scalars()
    bound = owner.execute(
        text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'purveyor%' AND (rolsuper OR rolbypassrls)")
    ).scalars()

    assert set(owners) == {OWNER}
    assert bound.all() == []


def test_definer_functions_fix_their_search_path(owner: Connection) -> None:
    loose = owner.execute(
        text(
            """
            SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
               AND NOT coalesce(array_to_string(proconfig, ','), '') LIKE '%search_path=%'
            """
        )
    ).scalars()

    assert loose.all() == []


def test_the_job_engines_schema_is_the_one_our_migrations_apply() -> None:
    digest = hashlib.sha256(SchemaManager.get_schema().encode("utf-8")).hexdigest()

    assert digest == JOB_ENGINE_SCHEMA
