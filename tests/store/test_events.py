"""The log grows only at its ends, and everything that was changed in it is found and named."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import exc, text

from purveyor.core.access import SYSTEM
from purveyor.core.canonical import canonical_json
from purveyor.core.events.base import Ref
from purveyor.store import events
from purveyor.store.db import Database, Tx
from purveyor.store.event_chain import ChainRow, chain_text
from purveyor.store.event_verify import seal, verify
from purveyor.store.events import Cursor
from tests.store.builders import a_business_unit, a_buyer, counted

Superuser = psycopg.Connection[tuple[object, ...]]


def record(database: Database, crate: UUID, *pieces: int) -> None:
    with database.transaction(SYSTEM) as tx:
        events.append(tx, [counted(crate, number) for number in pieces])


def broken_row(database: Database) -> str:
    with database.read(SYSTEM) as tx:
        return str(verify(tx).broken)


def wait_until_other_tests_settle(database: Database) -> None:
    """Open transactions of other databases on the same server hold back what counts as settled."""
    for _ in range(100):
        with database.read(SYSTEM) as tx:
            if len(events.read_since(tx, Cursor())) == events.count_events(tx):
                return
        time.sleep(0.05)


def tamper(superuser: Superuser, statement: str, *values: object) -> None:
    """What an administrator with every right could do: switch the triggers off and change rows."""
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(statement.encode(), values)
    superuser.execute("SET session_replication_role = DEFAULT")


def test_events_of_a_stream_come_back_in_order_with_actor_and_payload(tx: Tx) -> None:
    crate = uuid4()

    events.append(tx, [counted(crate, 12, refs=(Ref("order", crate),)), counted(crate, 8)])

    first, second = events.read_stream(tx, Ref("crate", crate))
    assert (first.position, first.payload) == (1, {"pieces": "12", "marking": ""})
    assert (second.position, second.payload["pieces"]) == (2, "8")
    assert first.actor_kind == "system"
    assert first.refs == (Ref("order", crate),)
    assert first.occurred_at == tx.now


def test_a_thing_shows_its_own_events_and_those_of_documents_that_refer_to_it(tx: Tx) -> None:
    order, crate = uuid4(), uuid4()

    events.append(tx, [counted(order, 1), counted(crate, 2, refs=(Ref("crate", order),)), counted(uuid4(), 3)])

    assert [event.payload["pieces"] for event in events.read_about(tx, Ref("crate", order))] == ["1", "2"]


def test_nothing_to_tell_writes_nothing(tx: Tx) -> None:
    assert events.append(tx, []) == []
    assert events.count_events(tx) == 0


def test_a_reason_can_be_erased_without_breaking_the_chain(database: Database) -> None:
    crate = uuid4()
    with database.transaction(SYSTEM) as tx:
        [event_id] = events.append(tx, [counted(crate, reason="Mr Miller asked for it")])
        assert events.read_stream(tx, Ref("crate", crate))[0].reason == "Mr Miller asked for it"

    with database.transaction(SYSTEM) as tx:
        assert events.erase_reasons(tx, [event_id]) == 1

    with database.read(SYSTEM) as tx:
        assert events.read_stream(tx, Ref("crate", crate))[0].reason is None
        assert verify(tx).broken is None


def test_later_events_of_a_stream_stay_in_the_business_unit_of_the_first(database: Database) -> None:
    crate = uuid4()
    with database.transaction(SYSTEM) as tx:
        ours, theirs = a_business_unit(tx, "OURS"), a_business_unit(tx, "THEIRS")
        events.append(tx, [counted(crate, refs=(Ref("business_unit", ours),))])
        events.append(tx, [counted(crate, 2)])

    with database.read(a_buyer(uuid4(), ours)) as tx:
        assert len(events.read_stream(tx, Ref("crate", crate))) == 2
    with database.read(a_buyer(uuid4(), theirs)) as tx:
        assert events.read_stream(tx, Ref("crate", crate)) == []


def test_two_writers_of_one_stream_never_fork_its_chain(database: Database) -> None:
    crate = uuid4()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: record(database, crate, number), range(1, 41)))

    with database.read(SYSTEM) as tx:
        result = verify(tx)
    assert (result.events, result.streams, result.broken) == (40, 1, None)


def test_a_reader_with_a_cursor_misses_no_event_of_a_transaction_that_commits_late(database: Database) -> None:
    early, late = uuid4(), uuid4()
    with database.transaction(SYSTEM) as slow:
        events.append(slow, [counted(early, 1)])
        record(database, late, 2)
        with database.read(SYSTEM) as tx:
            assert events.read_since(tx, Cursor()) == []

    wait_until_other_tests_settle(database)
    with database.read(SYSTEM) as tx:
        both = events.read_since(tx, Cursor())
        assert [event.payload["pieces"] for event in both] == ["1", "2"]
        assert events.read_since(tx, both[0].cursor) == both[1:]
        assert events.read_since(tx, both[1].cursor) == []


@pytest.mark.parametrize("statement", ["UPDATE event SET type = 'x'", "DELETE FROM event", "TRUNCATE event CASCADE"])
def test_the_running_product_cannot_change_the_log(database: Database, statement: str) -> None:
    record(database, uuid4(), 1)

    with pytest.raises(exc.ProgrammingError, match="permission denied"), database.transaction(SYSTEM) as tx:
        tx.conn.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE event SET type = 'x'", "DELETE FROM event", "TRUNCATE event CASCADE"])
def test_even_a_superuser_is_stopped_by_the_trigger(database: Database, superuser: Superuser, statement: str) -> None:
    record(database, uuid4(), 1)

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        superuser.execute(statement.encode())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", '{"marking":"","pieces":"999"}'),
        ("type", "crate.lost"),
        ("occurred_at", "2020-01-01T00:00:00Z"),
        ("recorded_at", "2020-01-01T00:00:00Z"),
        ("actor_kind", "user"),
        ("actor_id", "00000000-0000-7000-8000-000000000001"),
        ("on_behalf_of", "00000000-0000-7000-8000-000000000001"),
        ("source", "api"),
        ("correlation_id", "00000000-0000-7000-8000-000000000001"),
        ("cause_id", "00000000-0000-7000-8000-000000000001"),
        ("reason_digest", "00"),
        ("policy_set", "other"),
        ("business_unit_id", "00000000-0000-7000-8000-000000000001"),
        ("refs", "[]  "),
        ("schema", "7"),
    ],
)
def test_a_changed_event_is_named(database: Database, superuser: Superuser, column: str, value: str) -> None:
    crate = uuid4()
    record(database, crate, 1, 2, 3)

    tamper(superuser, f"UPDATE event SET {column} = %s WHERE position = 2", value)

    assert broken_row(database) == f"crate:{crate}, position 2: the content was changed after it was recorded"


def test_a_removed_event_is_named(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    record(database, crate, 1, 2, 3)

    tamper(superuser, "DELETE FROM event WHERE position = 2")

    assert broken_row(database) == f"crate:{crate}, position 2: an event is missing here, the next one is number 3"


def test_an_event_that_was_forged_with_a_fitting_hash_of_its_own_breaks_the_next_one(
    database: Database, superuser: Superuser
) -> None:
    crate = uuid4()
    record(database, crate, 1, 2)

    tamper(superuser, "UPDATE event SET previous_hash = %s WHERE position = 2", bytes(32))

    assert broken_row(database) == f"crate:{crate}, position 2: does not continue the event before it"


def test_events_cut_off_the_end_are_noticed_against_the_chain_head(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    record(database, crate, 1, 2, 3)

    tamper(superuser, "DELETE FROM event WHERE position > 1")

    assert broken_row(database) == f"crate:{crate}, position 2: events were cut off the end: the chain had 3"


def test_events_cut_off_together_with_the_head_are_noticed_against_the_seal(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    record(database, crate, 1, 2, 3)
    with database.transaction(SYSTEM) as tx:
        assert seal(tx) is not None

    tamper(superuser, "DELETE FROM event WHERE position = 3")
    tamper(superuser, "UPDATE event_head SET position = 2, hash = (SELECT hash FROM event WHERE position = 2)")

    assert broken_row(database) == f"crate:{crate}, position 3: was sealed (seal 1) and is gone"


def test_a_whole_chain_rewritten_with_fitting_hashes_differs_from_the_seal(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    record(database, crate, 1)
    with database.transaction(SYSTEM) as tx:
        seal(tx)

    tamper(superuser, "DELETE FROM event")
    tamper(superuser, "DELETE FROM event_head")
    record(database, crate, 2)

    assert broken_row(database) == f"crate:{crate}, position 1: differs from what seal 1 fixed"


def test_an_event_added_behind_the_recorded_end_is_named(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    record(database, crate, 1, 2)

    tamper(superuser, "UPDATE event_head SET position = 1")

    assert broken_row(database) == f"crate:{crate}, position 2: stands behind the recorded end of the chain"


def test_a_changed_head_is_named(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    record(database, crate, 1)

    tamper(superuser, "UPDATE event_head SET hash = %s", bytes(32))

    assert broken_row(database) == f"crate:{crate}, position 1: is not the event the chain head was made from"


def test_a_changed_reason_is_named(database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    with database.transaction(SYSTEM) as tx:
        events.append(tx, [counted(crate, reason="too many")])

    tamper(superuser, "UPDATE event_reason SET reason = 'all fine'")

    assert broken_row(database) == f"crate:{crate}, position 1: the reason is not the one that was given"


def test_a_seal_covers_only_what_moved_and_chains_to_the_one_before(database: Database) -> None:
    first, second = uuid4(), uuid4()
    record(database, first, 1)
    with database.transaction(SYSTEM) as tx:
        seal(tx)
        assert seal(tx) is None
    record(database, second, 1)
    with database.transaction(SYSTEM) as tx:
        root = seal(tx)

    with database.read(SYSTEM) as tx:
        result = verify(tx)
    assert (result.seals, result.root, result.broken) == (2, root, None)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE event_seal SET root = previous_root WHERE number = 1", "seal, position 1"),
        ("DELETE FROM event_seal WHERE number = 1", "seal, position 1"),
        ("DELETE FROM event_seal WHERE number = 2", "seal, position 2"),
        ("DELETE FROM event_seal_head WHERE number = 2", "seal, position 2"),
    ],
)
def test_a_changed_or_missing_seal_is_named(database: Database, superuser: Superuser, statement: str, named: str) -> None:
    for _ in range(2):
        record(database, uuid4(), 1)
        with database.transaction(SYSTEM) as tx:
            seal(tx)

    tamper(superuser, statement)

    assert broken_row(database).startswith(named)


def test_a_stream_somebody_is_writing_to_waits_for_the_next_seal(database: Database) -> None:
    busy, quiet = uuid4(), uuid4()
    record(database, busy, 1)
    record(database, quiet, 1)
    with database.transaction(SYSTEM) as writer:
        events.append(writer, [counted(busy, 2)])
        with database.transaction(SYSTEM) as tx:
            seal(tx)

    with database.transaction(SYSTEM) as tx:
        assert seal(tx) is not None
        assert verify(tx).broken is None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
rows = st.builds(
    ChainRow,
    stream_type=texts,
    stream_id=st.uuids().map(str),
    position=st.integers(1, 10**6),
    id=st.uuids().map(str),
    type=texts,
    schema=st.integers(1, 99),
    occurred_at=st.datetimes().map(str),
    recorded_at=st.datetimes().map(str),
    actor_kind=texts,
    actor_id=st.none() | st.uuids().map(str),
    on_behalf_of=st.none() | st.uuids().map(str),
    source=texts,
    correlation_id=st.uuids().map(str),
    cause_id=st.none() | st.uuids().map(str),
    reason_digest=st.none() | texts,
    policy_set=st.none() | texts,
    business_unit_id=st.none() | st.uuids().map(str),
    refs=st.just('[{"id":"x","type":"y"}]'),
    payload=st.just('{"a":"1"}'),
)


@given(row=rows)
def test_the_hashed_text_is_canonical_json_of_the_record(row: ChainRow) -> None:
    expected: dict[str, Any] = {**row._asdict(), "refs": json.loads(row.refs), "payload": json.loads(row.payload)}
    expected["previous_hash"] = "00" * 32

    assert chain_text(row, bytes(32)).encode("utf-8") == canonical_json(expected)
