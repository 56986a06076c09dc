"""What hangs on an account: links to set a password, wrong tries, second factors, identities at a provider.

All of it is visible to the product alone. Secrets of second factors are sealed outside the database; everything else is digests.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Text, UniqueConstraint

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, table, text

_SYSTEM: Final = Security(scoped_by="system")


def _user(*, primary_key: bool = False, index: bool | None = None) -> Column[Any]:
    owner = ForeignKey("app_user.id", ondelete="CASCADE")
    return Column("user_id", owner, nullable=False, primary_key=primary_key, index=index)


ACCOUNT_LINK: Final = table(
    "account_link",
    id_column(),
    _user(index=True),
    # Absent until the mail is sent: each attempt makes a token of its own, and only the last one opens.
    Column("token_hash", LargeBinary, nullable=True),
    text("purpose"),
    moment("created_at"),
    moment("expires_at"),
    moment("used_at", nullable=True),
    UniqueConstraint("token_hash"),
    security=_SYSTEM,
)

ACCOUNT_LOCK: Final = table(
    "account_lock",
    _user(primary_key=True),
    Column("wrong_tries", Integer, nullable=False),
    moment("locked_until", nullable=True),
    security=_SYSTEM,
)

SECOND_FACTOR: Final = table(
    "second_factor",
    _user(primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    # The time step of the newest code that was accepted: no code counts twice.
    Column("last_counter", BigInteger, nullable=False),
    moment("created_at"),
    security=_SYSTEM,
)

RECOVERY_CODE: Final = table(
    "recovery_code",
    _user(primary_key=True),
    Column("code_hash", LargeBinary, nullable=False, primary_key=True),
    moment("used_at", nullable=True),
    security=_SYSTEM,
)

PROVIDER_IDENTITY: Final = table(
    "provider_identity",
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _user(index=True),
    moment("linked_at"),
    security=_SYSTEM,
)
