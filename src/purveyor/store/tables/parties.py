"""People, programs and business units, and the digests of the secrets they sign in with.

Secrets are never stored, only SHA-256 digests of random tokens and Argon2 hashes of passwords; the tables that hold them
are visible to the product alone. Sign-in resolves through one function of the database (see the first migration).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, Boolean, Column, ForeignKey, Integer, LargeBinary, Text, UniqueConstraint, Uuid

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, reference, table, text

BUSINESS_UNIT: Final = table(
    "business_unit",
    id_column(),
    text("code"),
    text("name"),
    text("currency"),
    text("country"),
    UniqueConstraint("code"),
    security=Security(scoped_by="unit", unit_column="id", advisory=("SELECT",)),
)

APP_USER: Final = table(
    "app_user",
    id_column(),
    text("login"),
    text("display_name"),
    text("mail", nullable=True),
    text("person_key"),
    text("locale"),
    text("timezone"),
    Column("active", Boolean, nullable=False),
    moment("created_at"),
    UniqueConstraint("login"),
    security=Security(scoped_by="internal"),
)

USER_PASSWORD: Final = table(
    "user_password",
    Column("user_id", ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True),
    text("password_hash"),
    moment("changed_at"),
    security=Security(scoped_by="system"),
)

USER_ROLE: Final = table(
    "user_role",
    Column("user_id", ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("business_unit_id", ForeignKey("business_unit.id"), primary_key=True),
    security=Security(scoped_by="unit"),
)

API_CLIENT: Final = table(
    "api_client",
    id_column(),
    text("name"),
    reference("supplier_id", nullable=True),
    Column("business_units", ARRAY(Uuid), nullable=False),
    Column("active", Boolean, nullable=False),
    moment("created_at"),
    UniqueConstraint("name"),
    security=Security(scoped_by="system"),
)

API_KEY: Final = table(
    "api_key",
    id_column(),
    Column("client_id", ForeignKey("api_client.id", ondelete="CASCADE"), nullable=False),
    text("prefix"),
    Column("key_hash", LargeBinary, nullable=False),
    Column("grants", ARRAY(Text), nullable=False),
    moment("created_at"),
    moment("expires_at", nullable=True),
    moment("revoked_at", nullable=True),
    UniqueConstraint("key_hash"),
    security=Security(scoped_by="system"),
)

LOGIN_SESSION: Final = table(
    "login_session",
    id_column(),
    Column("user_id", ForeignKey("app_user.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    moment("created_at"),
    moment("last_seen_at"),
    moment("expires_at"),
    moment("stepped_up_at", nullable=True),
    moment("ended_at", nullable=True),
    # Half open: name and password were right, the second factor is still to come.
    Column("half", Boolean, nullable=False),
    UniqueConstraint("token_hash"),
    security=Security(scoped_by="system"),
)

SUPPLIER_LINK: Final = table(
    "supplier_link",
    id_column(),
    Column("token_hash", LargeBinary, nullable=False),
    reference("supplier_id"),
    reference("order_id"),
    Column("order_version", Integer, nullable=False),
    text("purpose"),
    moment("created_at"),
    moment("expires_at"),
    moment("revoked_at", nullable=True),
    UniqueConstraint("token_hash"),
    security=Security(scoped_by="system"),
)
