"""Stored secrets open with the right key file and in their own row only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from purveyor.core.access import SYSTEM
from purveyor.store import vault
from purveyor.store.db import Database, Tx
from purveyor.store.tables.secrets import SECRET
from purveyor.store.vault import MasterKeys, SecretAltered, UnusableKeyFile, WrongKeyFile
from tests.store.builders import a_buyer

NAME, VALUE = "erp.tryton", "pump-and-seal 77"


@pytest.fixture
def keys() -> MasterKeys:
    return MasterKeys({}).with_new_key()


def test_a_secret_comes_back_and_stands_nowhere_in_the_row(tx: Tx, keys: MasterKeys) -> None:
    vault.put(tx, keys, NAME, "first")
    vault.put(tx, keys, NAME, VALUE)

    [row] = tx.conn.execute(select(SECRET)).all()
    assert vault.get(tx, keys, NAME) == VALUE
    assert vault.get(tx, keys, "erp.other") is None
    assert VALUE.encode() not in row.content + row.wrapped_key
    assert [mark.name for mark in vault.listed(tx)] == [NAME]


def test_a_buyer_cannot_even_see_that_there_is_a_secret(database: Database, keys: MasterKeys) -> None:
    with database.transaction(SYSTEM) as tx:
        vault.put(tx, keys, NAME, VALUE)

    with database.read(a_buyer(tx.new_id(), tx.new_id())) as theirs:
        assert vault.listed(theirs) == []


# Attack test 58.


def test_the_ciphertext_of_one_secret_pasted_into_another_is_refused(tx: Tx, keys: MasterKeys) -> None:
    vault.put(tx, keys, "a", "secret of a")
    vault.put(tx, keys, "b", "secret of b")
    paste = "UPDATE secret b SET {} FROM secret a WHERE a.name = 'a' AND b.name = 'b'"

    for columns in ("content = a.content", "content = a.content, wrapped_key = a.wrapped_key", "wrapped_key = a.wrapped_key"):
        with tx.conn.begin_nested() as attempt:
            tx.conn.execute(text(paste.format(columns)))
            with pytest.raises(SecretAltered):
                vault.get(tx, keys, "b")
            attempt.rollback()
    assert vault.get(tx, keys, "b") == "secret of b"


def test_a_renamed_or_shortened_row_is_refused(tx: Tx, keys: MasterKeys) -> None:
    vault.put(tx, keys, "a", "secret of a")

    for change in ("name = 'b'", "content = substr(content, 1, 5)", "content = ''"):
        with tx.conn.begin_nested() as attempt:
            tx.conn.execute(text(f"UPDATE secret SET {change}"))
            with pytest.raises(SecretAltered):
                vault.check(tx, keys)
            attempt.rollback()


def test_a_wrong_key_file_is_one_error_that_names_the_key_and_changes_nothing(tx: Tx, keys: MasterKeys) -> None:
    vault.put(tx, keys, NAME, VALUE)
    other = MasterKeys({}).with_new_key()

    for attempt in (vault.get, lambda tx, keys, name: vault.wrap_again(tx, keys)):
        with pytest.raises(WrongKeyFile, match=f"key_id={keys.current}"):
            attempt(tx, other, NAME)

    assert vault.get(tx, keys, NAME) == VALUE


def test_rotation_wraps_again_without_touching_the_secrets_and_old_keys_can_go(tx: Tx, keys: MasterKeys) -> None:
    vault.put(tx, keys, "a", "1")
    vault.put(tx, keys, "b", "2")
    before = tx.conn.scalars(select(SECRET.c.content).order_by(SECRET.c.name)).all()
    rotated = keys.with_new_key()

    assert vault.wrap_again(tx, rotated) == 2
    assert vault.wrap_again(tx, rotated) == 0

    alone = rotated.only(set())
    assert set(alone.keys) == {rotated.current}
    assert (vault.get(tx, alone, "a"), vault.get(tx, alone, "b")) == ("1", "2")
    assert tx.conn.scalars(select(SECRET.c.content).order_by(SECRET.c.name)).all() == before


def test_a_key_file_is_ours_alone_and_comes_back_as_it_was(tmp_path: Path, keys: MasterKeys) -> None:
    file = tmp_path / "master.key"
    vault.write_key_file(file, keys.with_new_key())
    vault.write_key_file(file, keys)

    assert vault.read_key_file(file).keys == keys.keys
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", ["", "abc", "abc def ghi", "abc ZGVm", "\u00e4 b"])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(content, "utf-8")

    with pytest.raises(UnusableKeyFile, match=str(file)):
        vault.read_key_file(file)


def test_a_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableKeyFile):
        vault.read_key_file(tmp_path / "none")


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_key_with_one_wrong_byte_is_noticed_by_its_id(place: int, change: int) -> None:
    keys = MasterKeys({}).with_new_key()
    [(key_id, key)] = keys.keys.items()
    wrong = bytes(byte ^ change if at == place else byte for at, byte in enumerate(key))

    assert MasterKeys({}).with_new_key().current != key_id
    assert vault.key_id_of(wrong) != key_id
