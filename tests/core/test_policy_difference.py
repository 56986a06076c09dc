"""What changed between two versions of a table is told by row and cell; nothing changed means the same version."""

from __future__ import annotations

import pytest

from purveyor.core.policy.difference import TABLE, Difference, differences, output_text
from purveyor.core.policy.reading import read_table
from tests.policies import FOLDER, shipped_tables

MATRIX = (FOLDER / "approval_matrix.toml").read_text("utf-8")


def changed(*replacements: tuple[str, str]) -> tuple[Difference, ...]:
    text = MATRIX
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return differences(read_table(MATRIX, "old"), read_table(text, "new"))


@pytest.mark.parametrize("table", shipped_tables(), ids=lambda table: table.key)
def test_a_version_does_not_differ_from_itself(table: object) -> None:
    same = next(each for each in shipped_tables() if each is table)

    assert differences(same, same) == ()


def test_a_moved_limit_is_told_for_both_rows_it_bounds() -> None:
    found = changed(('"5000"', '"6000"'), ('"25000"', '"30000"'))

    assert Difference("A1", "amount", "[unlimited, 5000)", "[unlimited, 6000)") in found
    assert Difference("A2", "amount", "[5000, 25000)", "[6000, 30000)") in found


def test_another_chain_is_told_in_the_cell_of_the_answer() -> None:
    assert changed(("chain = []", 'chain = ["line_manager"]')) == (Difference("A1", "chain", "none", "line_manager"),)


def test_rows_that_came_went_and_moved_are_told() -> None:
    first, rest = MATRIX.split("[[rows]]", 2)[1], MATRIX.split("[[rows]]", 2)
    moved = f"{rest[0]}[[rows]]{rest[2]}\n[[rows]]{first}"

    came = changed(('id = "A1"', 'id = "A0"'))
    order = differences(read_table(MATRIX, "old"), read_table(moved, "new"))

    assert Difference("A0", None, None, "A0") in came
    assert Difference("A1", None, "A1", None) in came
    assert [(change.row, change.column) for change in order] == [(TABLE, "order")]


def test_what_concerns_the_whole_table_is_told_without_a_row() -> None:
    found = changed(
        ('purpose = "Chain', 'purpose = "The chain'), ('at_least = "0"\n', ""), ('currency = "USD"', 'currency = "EUR"')
    )

    assert {(change.row, change.column) for change in found if change.row == TABLE} == {(TABLE, "purpose"), (TABLE, "amount")}
    assert {change.after for change in found if change.column == "amount" and change.row == TABLE} == {"money EUR asked"}


def test_answers_are_written_as_plain_text() -> None:
    tables = {table.key: table for table in shipped_tables()}
    optional = tables["acknowledgment_due"].rows[0].outputs

    assert output_text(None) == "none"
    assert output_text(True) == "yes"
    assert output_text(False) == "no"
    assert output_text(3) == "3"
    assert {output_text(value) for value in optional.values()} >= {"0, 8", "none"}
