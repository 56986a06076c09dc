"""The policy engine: what a table answers, why, and when it refuses to answer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.core.policy.compile import OTHER, WrongPolicyInput, lineage
from purveyor.core.policy.decide import CompiledTable, Decided, Undecidable
from purveyor.core.policy.policy_set import PolicyMissing, PolicyUndecidable, policy_set
from purveyor.core.policy.proof import MOST_CELLS, prove
from purveyor.core.policy.table import (
    AnyValue,
    Band,
    Cell,
    HitPolicy,
    InputColumn,
    InputType,
    InputValue,
    OneOf,
    OutputColumn,
    OutputType,
    Row,
    Table,
    Truth,
)

ANY = AnyValue()
AMOUNT = InputColumn("amount", InputType.MONEY, "USD", at_least=Decimal(0))
RATE = InputColumn("rate", InputType.DECIMAL, "percent")
LEVEL = InputColumn("level", InputType.INTEGER)
CATEGORY = InputColumn("category", InputType.CATEGORY)
SUPPLIER = InputColumn("supplier", InputType.REFERENCE)
MODE = InputColumn("mode", InputType.REFERENCE, values=("truck", "parcel"))
RUSH = InputColumn("rush", InputType.BOOLEAN)
ANSWER = OutputColumn("answer", OutputType.REFERENCE)


def one_of(*values: str) -> OneOf:
    return OneOf(frozenset(values))


def band(low: str | None, high: str | None) -> Band:
    return Band(None if low is None else Decimal(low), None if high is None else Decimal(high))


def a_table(hit: HitPolicy, columns: list[InputColumn], *rows: list[Cell], priority: tuple[str, ...] = ()) -> Table:
    """A table whose rows are R0, R1 ... and answer with their own id."""
    made = tuple(Row(f"R{number}", tuple(cells), {"answer": f"R{number}"}) for number, cells in enumerate(rows))
    return Table("test", "A table of a test", hit, tuple(columns), (ANSWER,), made, priority)


def asked(table: Table, **inputs: InputValue) -> str:
    """Return the ids of the rows that count, or what is missing."""
    answer = CompiledTable(table).decide(inputs)
    return f"undecidable: {answer.field}" if isinstance(answer, Undecidable) else "+".join(row.id for row in answer.rows)


BANDS = a_table(HitPolicy.UNIQUE, [AMOUNT], [band(None, "100")], [band("100", "200")], [band("200", None)])


@pytest.mark.parametrize(
    ("amount", "row"),
    [("0", "R0"), ("99.99", "R0"), ("100", "R1"), ("100.00", "R1"), ("199.99", "R1"), ("200", "R2"), ("1E9", "R2")],
)
def test_a_band_holds_its_lower_limit_and_not_its_upper_one(amount: str, row: str) -> None:
    assert asked(BANDS, amount=Decimal(amount)) == row


def test_an_amount_outside_the_domain_or_not_a_number_goes_to_a_person() -> None:
    assert asked(BANDS, amount=Decimal("-0.01")) == "undecidable: amount"
    assert asked(BANDS, amount=Decimal("NaN")) == "undecidable: amount"
    assert asked(BANDS, amount=Decimal("Infinity")) == "undecidable: amount"


def test_a_missing_input_that_a_possible_row_asks_for_is_undecidable_and_named() -> None:
    table = a_table(HitPolicy.FIRST, [AMOUNT, SUPPLIER], [band("100", None), one_of("ACME")], [ANY, ANY])

    assert asked(table, amount=Decimal(500)) == "undecidable: supplier"
    assert asked(table, amount=Decimal(50)) == "R1"
    assert asked(table, amount=Decimal(500), supplier="OTHER") == "R1"


def test_an_unknown_value_of_a_closed_column_is_undecidable() -> None:
    table = a_table(HitPolicy.UNIQUE, [MODE], [one_of("truck")], [one_of("parcel")])

    assert asked(table, mode="truck") == "R0"
    assert asked(table, mode="drone") == "undecidable: mode"


def test_no_row_and_two_equal_rows_are_undecidable() -> None:
    assert asked(a_table(HitPolicy.UNIQUE, [SUPPLIER], [one_of("ACME")]), supplier="OTHER") == "undecidable: no_row"
    answer = CompiledTable(a_table(HitPolicy.UNIQUE, [SUPPLIER], [one_of("ACME")], [ANY])).decide({"supplier": "ACME"})
    assert isinstance(answer, Undecidable)
    assert (answer.field, answer.rows) == ("overlap", ("R0", "R1"))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (AMOUNT, "500"),
        (AMOUNT, 500),
        (AMOUNT, True),
        (LEVEL, Decimal(1)),
        (LEVEL, True),
        (SUPPLIER, Decimal(1)),
        (RUSH, "yes"),
        (RUSH, 1),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_and_never_converted(column: InputColumn, value: Any) -> None:
    table = a_table(HitPolicy.UNIQUE, [column], [ANY])

    with pytest.raises(WrongPolicyInput):
        CompiledTable(table).decide({column.name: value})


def test_a_category_includes_its_descendants_and_nothing_that_only_looks_alike() -> None:
    table = a_table(HitPolicy.FIRST, [CATEGORY], [one_of("pumps")], [ANY])

    assert asked(table, category="pumps/circulators/large") == "R0"
    assert asked(table, category="pumps") == "R0"
    assert asked(table, category="pumpsets") == "R1"
    assert lineage("a/b/c") == ("a/b/c", "a/b", "a")


TOLERANCES = a_table(
    HitPolicy.MOST_SPECIFIC,
    [SUPPLIER, CATEGORY, RUSH],
    [ANY, ANY, ANY],
    [ANY, one_of("pumps"), ANY],
    [ANY, one_of("pumps/circulators", "valves"), ANY],
    [one_of("ACME"), ANY, ANY],
    [one_of("ACME"), ANY, Truth(True)],
    priority=("supplier", "category", "rush"),
)


@pytest.mark.parametrize(
    ("supplier", "category", "rush", "row"),
    [
        ("OTHER", "pipe", False, "R0"),
        ("OTHER", "pumps/fire", False, "R1"),
        ("OTHER", "pumps/circulators/large", True, "R2"),
        ("ACME", "pumps/circulators", False, "R3"),
        ("ACME", "pipe", True, "R4"),
    ],
)
def test_the_most_specific_row_wins_in_the_declared_order(supplier: str, category: str, rush: bool, row: str) -> None:
    assert asked(TOLERANCES, supplier=supplier, category=category, rush=rush) == row


def test_two_rows_of_equal_rank_are_an_overlap() -> None:
    table = a_table(HitPolicy.MOST_SPECIFIC, [SUPPLIER], [one_of("A")], [one_of("A", "B")], [ANY], priority=("supplier",))

    assert asked(table, supplier="A") == "undecidable: overlap"
    assert asked(table, supplier="B") == "R1"


def test_collecting_returns_every_row_and_none_is_an_answer() -> None:
    table = a_table(HitPolicy.COLLECT, [RUSH, LEVEL], [Truth(True), ANY], [ANY, band("1", None)])

    assert asked(table, rush=True, level=1) == "R0+R1"
    assert asked(table, rush=False, level=0) == ""
    nothing = CompiledTable(table).decide({"rush": False, "level": 0})
    assert isinstance(nothing, Decided)
    assert nothing.source.startswith("test:none@")


def test_the_trace_names_row_version_inputs_and_cells() -> None:
    answer = CompiledTable(TOLERANCES).decide({"supplier": "ACME", "category": "pipe", "rush": True, "not_asked": "x"})

    assert isinstance(answer, Decided)
    assert answer.source == f"test:R4@{TOLERANCES.version[:12]}"
    assert answer.inputs == {"supplier": "ACME", "category": "pipe", "rush": True}
    assert answer.cells() == {"supplier": "ACME", "category": "any", "rush": "yes"}
    assert answer.outputs == {"answer": "R4"}


def test_a_changed_cell_is_another_version_and_another_policy_set() -> None:
    wider = a_table(HitPolicy.UNIQUE, [AMOUNT], [band(None, "150")], [band("150", "200")], [band("200", None)])
    other = Table("other", "Another one", HitPolicy.FIRST, (RUSH,), (ANSWER,), (Row("R", (Truth(False),), {"answer": "R"}),))

    assert wider.version != BANDS.version
    assert policy_set([BANDS, other]).hash == policy_set([other, BANDS]).hash != policy_set([wider, other]).hash
    assert policy_set([BANDS, wider]).tables["test"].table is wider


def test_asking_for_what_is_not_in_force_or_cannot_be_decided_stops_the_caller() -> None:
    in_force = policy_set([BANDS])

    with pytest.raises(PolicyMissing):
        in_force.decide("other", {})
    with pytest.raises(PolicyUndecidable, match="field=amount"):
        in_force.require("test", {})
    assert in_force.require("test", {"amount": Decimal(5)}).outputs == {"answer": "R0"}


def test_the_proof_names_gaps_overlaps_and_rows_that_never_fire() -> None:
    table = a_table(
        HitPolicy.UNIQUE,
        [AMOUNT, RUSH],
        [band(None, "100"), ANY],
        [band("100", "200"), Truth(True)],
        [band("150", "200"), Truth(True)],
        [band(None, "0"), ANY],
    )

    proof = prove(table)

    assert not proof.holds
    assert "amount=[100, 150) rush=no" in proof.gaps
    assert "amount=[200, unlimited)" in proof.gaps
    assert proof.overlaps == ("amount=[150, 200) rush=yes: R1, R2",)
    assert proof.dead_rows == ("R3",)


def test_a_complete_table_is_proved_with_the_references_nobody_named() -> None:
    assert prove(BANDS).holds
    assert prove(TOLERANCES).holds
    assert prove(a_table(HitPolicy.UNIQUE, [SUPPLIER], [one_of("A")])).gaps == (f"supplier={OTHER}",)
    assert prove(a_table(HitPolicy.UNIQUE, [RATE], [band(None, "1")], [band("1", None)])).holds
    assert prove(a_table(HitPolicy.UNIQUE, [RATE], [ANY])).holds
    assert prove(a_table(HitPolicy.COLLECT, [SUPPLIER], [one_of("A")])).holds
    assert prove(a_table(HitPolicy.FIRST, [SUPPLIER], [ANY], [one_of("A")])).dead_rows == ("R1",)


def test_a_table_too_large_to_prove_needs_a_last_row_that_takes_everything() -> None:
    columns = [InputColumn(f"c{number}", InputType.REFERENCE) for number in range(8)]
    row: list[Cell] = [one_of(*(f"v{value}" for value in range(9))) for _ in columns]

    unproved = prove(a_table(HitPolicy.FIRST, columns, row))
    open_ended = prove(a_table(HitPolicy.FIRST, columns, row, [ANY] * 8))

    assert unproved.cells > MOST_CELLS
    assert unproved.too_large
    assert open_ended.holds


# The masks against the plain reading of the same table: one cell, one value, no tricks.


def passes(column: InputColumn, cell: Cell, value: InputValue) -> bool:
    if isinstance(cell, OneOf):
        nodes = lineage(str(value)) if column.type is InputType.CATEGORY else (value,)
        return any(node in cell.values for node in nodes)
    if isinstance(cell, Truth):
        return cell.value is value
    if isinstance(cell, Band):
        assert isinstance(value, (int, Decimal))
        return (cell.at_least is None or value >= cell.at_least) and (cell.below is None or value < cell.below)
    return True


def plain_reading(table: Table, inputs: Mapping[str, InputValue]) -> tuple[str, ...]:
    matching = [
        row
        for row in table.rows
        if all(passes(column, cell, inputs[column.name]) for column, cell in zip(table.inputs, row.cells, strict=True))
    ]
    return tuple(row.id for row in (matching[:1] if table.hit is HitPolicy.FIRST else matching))


small = st.integers(0, 6).map(Decimal)
bands = st.tuples(st.none() | small, st.none() | small).filter(
    lambda ends: ends != (None, None) and (ends[0] is None or ends[1] is None or ends[0] < ends[1])
)
names = st.sampled_from(["a", "b", "a/x", "a/x/y", "c"])
cells: dict[InputType, st.SearchStrategy[Cell]] = {
    InputType.MONEY: bands.map(lambda ends: Band(*ends)),
    InputType.INTEGER: bands.map(lambda ends: Band(*ends)),
    InputType.CATEGORY: st.frozensets(names, min_size=1, max_size=3).map(OneOf),
    InputType.REFERENCE: st.frozensets(names, min_size=1, max_size=3).map(OneOf),
    InputType.BOOLEAN: st.booleans().map(Truth),
}
values: dict[InputType, st.SearchStrategy[InputValue]] = {
    InputType.MONEY: small,
    InputType.INTEGER: st.integers(0, 7),
    InputType.CATEGORY: names,
    InputType.REFERENCE: names,
    InputType.BOOLEAN: st.booleans(),
}
RANDOM_COLUMNS = [AMOUNT, LEVEL, CATEGORY, SUPPLIER, RUSH]
row_cells = st.tuples(*(st.just(ANY) | cells[column.type] for column in RANDOM_COLUMNS)).map(list)
questions = st.fixed_dictionaries({column.name: values[column.type] for column in RANDOM_COLUMNS})


@settings(max_examples=2000, deadline=None)
@given(
    rows=st.lists(row_cells, min_size=1, max_size=8),
    question=questions,
    hit=st.sampled_from([HitPolicy.FIRST, HitPolicy.COLLECT]),
)
def test_the_masks_answer_like_the_plain_reading_of_the_table(
    rows: list[list[Cell]], question: dict[str, InputValue], hit: HitPolicy
) -> None:
    table = a_table(hit, RANDOM_COLUMNS, *rows)

    answer = CompiledTable(table).decide(question)

    expected = plain_reading(table, question)
    if expected or hit is HitPolicy.COLLECT:
        assert isinstance(answer, Decided)
        assert tuple(row.id for row in answer.rows) == expected
    else:
        assert isinstance(answer, Undecidable)


@settings(max_examples=500, deadline=None)
@given(rows=st.lists(row_cells, min_size=1, max_size=6), question=questions, missing=st.sampled_from(RANDOM_COLUMNS))
def test_an_answer_without_an_input_is_the_answer_for_every_value_of_it(
    rows: list[list[Cell]], question: dict[str, InputValue], missing: InputColumn
) -> None:
    table = CompiledTable(a_table(HitPolicy.FIRST, RANDOM_COLUMNS, *rows))

    without = table.decide({**question, missing.name: None})

    if isinstance(without, Decided):
        answer = table.decide(question)
        assert isinstance(answer, Decided)
        assert answer.rows == without.rows


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(row_cells, min_size=1, max_size=5), question=questions)
def test_a_table_that_is_proved_always_answers(rows: list[list[Cell]], question: dict[str, InputValue]) -> None:
    table = a_table(HitPolicy.UNIQUE, RANDOM_COLUMNS, *rows)
    proof = prove(table)

    answer = CompiledTable(table).decide(question)

    if not proof.gaps and not proof.overlaps:
        assert isinstance(answer, Decided)
