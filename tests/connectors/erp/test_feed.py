"""The cursor of a polled feed: nothing is lost and nothing comes twice, in whatever order transactions commit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from purveyor.connectors.erp.contract import OVERLAP, START, Cursor, Stamped, read_from, unseen

MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)


def a_change(number: int, seconds: int, version: str = "1") -> Stamped:
    return Stamped(str(number), version, MONDAY + timedelta(seconds=seconds))


def test_the_first_reading_starts_at_the_beginning() -> None:
    assert read_from(START) is None


def test_later_readings_look_back_over_the_overlap() -> None:
    _, cursor, _ = unseen(START, [a_change(1, 0)], 10)

    assert read_from(cursor) == MONDAY - OVERLAP


def test_a_new_version_of_a_known_record_is_new() -> None:
    _, cursor, _ = unseen(START, [a_change(1, 0)], 10)

    picked, _, _ = unseen(cursor, [a_change(1, 0, "2")], 10)

    assert picked == (a_change(1, 0, "2"),)


def test_what_lies_behind_the_overlap_is_not_looked_at_again() -> None:
    _, cursor, _ = unseen(START, [a_change(1, 0), a_change(2, 1000)], 10)

    picked, _, complete = unseen(cursor, [a_change(1, 0)], 10)

    assert (picked, complete) == ((), True)


def test_a_cursor_is_kept_as_text() -> None:
    _, cursor, _ = unseen(START, [a_change(1, 0), a_change(2, 5)], 10)

    assert Cursor.from_text(cursor.to_text()) == cursor
    assert Cursor.from_text("") == START
    assert Cursor.from_text(START.to_text()) == START


@given(
    commits=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 80)), min_size=1, max_size=30),
    limit=st.integers(1, 7),
)
def test_every_change_is_delivered_exactly_once_however_late_it_commits(commits: list[tuple[int, int]], limit: int) -> None:
    changes = [(a_change(number, began), began + lasted) for number, (began, lasted) in enumerate(commits)]
    delivered: list[Stamped] = []
    cursor = START

    for second in range(0, 400, 10):
        visible = [change for change, committed in changes if committed <= second]
        complete = False
        while not complete:
            picked, cursor, complete = unseen(cursor, visible, limit)
            delivered.extend(picked)

    assert sorted(delivered, key=lambda entry: int(entry.external_id)) == [change for change, _ in changes]
