"""Secrets of outside systems in the database, each under a random key of its own, that one wrapped by a master key from a file.

Who holds the database alone reads nothing; who holds the key file alone has nothing to read. The row's identity is part of
the encryption (AES-256-GCM, associated data), so that a ciphertext moved to another row does not open.
Source: governance.md 3.4.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.errors import PurveyorError
from purveyor.store.db import Tx
from purveyor.store.tables.secrets import SECRET

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class WrongKeyFile(PurveyorError):
    """The key file does not hold the master key that this secret needs; bring back the file with the key of that id."""

    code = "wrong_key_file"


class SecretAltered(PurveyorError):
    """This secret does not open: its row was changed or copied from another one. Store the secret again."""

    code = "secret_altered"


class UnusableKeyFile(PurveyorError):
    """The key file cannot be used; the reason is named."""

    code = "unusable_key_file"


@dataclass(frozen=True, slots=True, repr=False)
class MasterKeys:
    """The master keys of one key file, by id; the first one locks, all of them open. An id is derived from its key."""

    keys: Mapping[str, bytes]

    @property
    def current(self) -> str:
        """The id of the key that locks."""
        return next(iter(self.keys))

    def with_new_key(self) -> MasterKeys:
        """Return the same keys behind a fresh one that locks from now on."""
        key = secrets.token_bytes(KEY_BYTES)
        return MasterKeys({key_id_of(key): key, **self.keys})

    def only(self, ids: set[str]) -> MasterKeys:
        """Return the current key and those of these ids."""
        return MasterKeys({key_id: key for key_id, key in self.keys.items() if key_id in ids | {self.current}})


@dataclass(frozen=True, slots=True)
class SecretMark:
    """What may be shown of a secret: its name, the id of the master key that opens it, and when it was last set."""

    name: str
    key_id: str
    changed_at: datetime


def read_key_file(file: Path) -> MasterKeys:
    """Read a key file: a line ``id key`` for each key, the current one first; raise UnusableKeyFile."""
    try:
        lines = [line.split() for line in file.read_text("ascii").splitlines() if line.strip()]
        keys = {key_id: base64.urlsafe_b64decode(key) for key_id, key in lines}
    except (OSError, ValueError) as error:
        raise UnusableKeyFile(file=str(file), reason=type(error).__name__) from error
    for key_id, key in keys.items():
        if len(key) != KEY_BYTES or key_id_of(key) != key_id:
            raise UnusableKeyFile(file=str(file), reason=f"key {key_id} is damaged")
    if not keys:
        raise UnusableKeyFile(file=str(file), reason="it is empty")
    return MasterKeys(keys)


def write_key_file(file: Path, keys: MasterKeys) -> None:
    """Write a key file readable by its owner only, as a whole or not at all."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as target:
        for key_id, key in keys.keys.items():
            target.write(f"{key_id} {base64.urlsafe_b64encode(key).decode('ascii')}\n")
        target.flush()
        os.fsync(target.fileno())
    unfinished.rename(file)


def put(tx: Tx, keys: MasterKeys, name: str, value: str) -> None:
    """Store a secret under a name, replacing the one that was there."""
    known = tx.conn.scalar(select(SECRET.c.id).where(SECRET.c.name == name))
    row_id = known or tx.new_id()
    data_key = secrets.token_bytes(KEY_BYTES)
    values = {
        "key_id": keys.current,
        "wrapped_key": _lock(keys.keys[keys.current], data_key, _identity(row_id, name, "key")),
        "content": _lock(data_key, value.encode("utf-8"), _identity(row_id, name, "content")),
        "changed_at": tx.real_now,
    }
    statement = insert(SECRET).values(id=row_id, name=name, **values)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def get(tx: Tx, keys: MasterKeys, name: str) -> str | None:
    """Return a secret, None when there is none of this name; raise WrongKeyFile and SecretAltered."""
    row = tx.conn.execute(select(SECRET).where(SECRET.c.name == name)).one_or_none()
    if row is None:
        return None
    content = _open(_data_key(row, keys), row.content, _identity(row.id, row.name, "content"), row.name)
    return content.decode("utf-8")


def listed(tx: Tx) -> list[SecretMark]:
    """Return what may be shown of all secrets, by name."""
    rows = tx.conn.execute(select(SECRET.c.name, SECRET.c.key_id, SECRET.c.changed_at).order_by(SECRET.c.name))
    return [SecretMark(row.name, row.key_id, row.changed_at) for row in rows]


def remove(tx: Tx, name: str) -> bool:
    """Forget a secret; say whether there was one."""
    return tx.conn.execute(delete(SECRET).where(SECRET.c.name == name)).rowcount == 1


def wrap_again(tx: Tx, keys: MasterKeys) -> int:
    """Wrap every data key with the current master key; return how many. Raises WrongKeyFile before anything is changed."""
    rows = tx.conn.execute(select(SECRET).where(SECRET.c.key_id != keys.current).order_by(SECRET.c.id).with_for_update()).all()
    opened = [(row, _data_key(row, keys)) for row in rows]
    for row, data_key in opened:
        wrapped = _lock(keys.keys[keys.current], data_key, _identity(row.id, row.name, "key"))
        tx.conn.execute(update(SECRET).where(SECRET.c.id == row.id).values(key_id=keys.current, wrapped_key=wrapped))
    return len(rows)


def check(tx: Tx, keys: MasterKeys) -> None:
    """Open every secret once; raise WrongKeyFile or SecretAltered for the first that does not open."""
    for row in tx.conn.execute(select(SECRET).order_by(SECRET.c.name)):
        _open(_data_key(row, keys), row.content, _identity(row.id, row.name, "content"), row.name)


def _data_key(row: Row[Any], keys: MasterKeys) -> bytes:
    if row.key_id not in keys.keys:
        raise WrongKeyFile(key_id=row.key_id, secret=row.name, file_holds=", ".join(keys.keys))
    return _open(keys.keys[row.key_id], row.wrapped_key, _identity(row.id, row.name, "key"), row.name)


def _lock(key: bytes, content: bytes, identity: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, identity)


def _open(key: bytes, locked: bytes, identity: bytes, name: str) -> bytes:
    try:
        return AESGCM(key).decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], identity)
    except (InvalidTag, ValueError) as error:
        raise SecretAltered(secret=name) from error


def _identity(row_id: UUID, name: str, part: str) -> bytes:
    return f"purveyor:secret:{row_id}:{name}:{part}".encode()


def key_id_of(key: bytes) -> str:
    """Return the id of a master key: twelve digits of its digest, which say nothing about the key."""
    return hashlib.sha256(b"purveyor master key" + key).hexdigest()[:12]
