"""Reading policy files: what is not exactly of the declared type is refused, and the complaint says where."""

from __future__ import annotations

from decimal import Decimal

import pytest

from purveyor.core.policy.reading import InvalidPolicy, read_table
from purveyor.core.policy.table import AnyValue, Band, HitPolicy, OneOf, Truth

GOOD = """
key = "limits"
purpose = "Limits of a test"
hit = "most_specific"
priority = ["supplier"]
[inputs.amount]
type = "money"
currency = "USD"
at_least = "0"
[inputs.supplier]
type = "reference"
values = ["ACME", "KELLER"]
[inputs.rush]
type = "boolean"
[inputs.level]
type = "integer"
[inputs.share]
type = "decimal"
unit = "percent"
[outputs.role]
type = "reference"
values = ["buyer", "it"]
[outputs.chain]
type = "references"
[outputs.limit]
type = "decimal"
unit = "percent"
optional = true
[outputs.steps]
type = "decimals"
unit = "hours"
[outputs.days]
type = "integer"
[outputs.open]
type = "boolean"
[[rows]]
id = "R1"
amount = { at_least = "10", below = "20.50" }
supplier = "ACME"
rush = true
level = { below = 3 }
share = "any"
role = "buyer"
chain = ["a", "b"]
steps = ["0", "1.5"]
days = 2
open = false
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_table_is_read_with_exact_types() -> None:
    table = read_table(GOOD, "limits.toml")

    row = table.rows[0]
    assert (table.key, table.hit, table.priority) == ("limits", HitPolicy.MOST_SPECIFIC, ("supplier",))
    assert row.cells == (
        Band(Decimal(10), Decimal("20.50")),
        OneOf(frozenset({"ACME"})),
        Truth(True),
        Band(None, Decimal(3)),
        AnyValue(),
    )
    assert row.outputs == {
        "role": "buyer",
        "chain": ("a", "b"),
        "limit": None,
        "steps": (Decimal(0), Decimal("1.5")),
        "days": 2,
        "open": False,
    }


def test_the_version_depends_on_the_content_and_not_on_how_it_was_typed() -> None:
    assert read_table(GOOD, "a.toml").version == read_table("# a comment\n" + GOOD, "b.toml").version
    assert read_table(GOOD, "a.toml").version != read_table(changed('below = "20.50"', 'below = "20.51"'), "a.toml").version


@pytest.mark.parametrize(
    ("old", "new", "cell", "reason"),
    [
        ('at_least = "10"', "at_least = 10", "amount", "not a decimal written as text"),
        ('at_least = "10"', 'at_least = "1,000"', "amount", "not a decimal written as text"),
        ('at_least = "10"', 'at_least = "30"', "amount", "is empty"),
        ('at_least = "10"', 'from = "10"', "from", "nothing here has this name"),
        ('{ at_least = "10", below = "20.50" }', "{}", "amount", "a band needs a limit"),
        ('{ at_least = "10", below = "20.50" }', '"10"', "amount", "must be a table"),
        ('supplier = "ACME"', 'supplier = "ACNE"', "supplier", "ACNE is not among the values"),
        ('supplier = "ACME"', "supplier = []", "supplier", "an empty list is not among the values"),
        ('supplier = "ACME"', 'supplier = ["ACME", "ACME"]', "supplier", "the same thing twice"),
        ('supplier = "ACME"', 'supplier = [""]', "supplier", "not empty"),
        ('supplier = "ACME"', "", "supplier", "is blank"),
        ("rush = true", 'rush = "true"', "rush", "neither true nor false"),
        ("{ below = 3 }", '{ below = "3" }', "level", "not a whole number"),
        ("{ below = 3 }", "{ below = true }", "level", "not a whole number"),
        ('role = "buyer"', "", "role", "is blank"),
        ('role = "buyer"', 'role = "boss"', "role", "boss is not among the values"),
        ('chain = ["a", "b"]', 'chain = "a"', "chain", "must be a list"),
        ("open = false", 'open = "no"', "open", "neither true nor false"),
        ("days = 2", "days = 2.5", "days", "not a whole number"),
        ("days = 2", "days = 2\ndaze = 3", "daze", "nothing here has this name"),
    ],
)
def test_a_wrong_cell_is_refused_by_file_row_and_name(old: str, new: str, cell: str, reason: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read_table(changed(old, new), "limits.toml")

    assert refused.value.fields["file"] == "limits.toml"
    assert refused.value.fields["row"] == "R1"
    assert refused.value.fields["cell"] == cell
    assert reason in str(refused.value.fields["reason"])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('key = "limits"', "key = ", "not readable as TOML"),
        ('key = "limits"', "", "must be a text"),
        ('key = "limits"', 'key = "limits"\nauthor = "me"', "nothing here has this name"),
        ('hit = "most_specific"', 'hit = "best"', "is none of unique, first"),
        ('hit = "most_specific"', 'hit = "unique"', "most_specific tables only"),
        ('priority = ["supplier"]', 'priority = ["nobody"]', "names input columns"),
        ('priority = ["supplier"]', "", "most_specific tables only"),
        ('currency = "USD"', "", "needs its currency"),
        ('currency = "USD"', 'currency = "dollars"', "needs its currency"),
        ('[inputs.share]\ntype = "decimal"\nunit = "percent"', '[inputs.share]\ntype = "decimal"', "needs its unit"),
        ('[inputs.rush]\ntype = "boolean"', '[inputs.rush]\ntype = "boolean"\nvalues = ["a"]', "only references"),
        ('[inputs.rush]\ntype = "boolean"', '[inputs.rush]\ntype = "boolean"\nat_least = "0"', "only bands"),
        ("[inputs.rush]", "[inputs.Rush]", "small letters"),
        ('[outputs.limit]\ntype = "decimal"\nunit = "percent"', '[outputs.limit]\ntype = "decimal"', "needs its unit"),
        ("optional = true", 'optional = "yes"', "optional is true or false"),
        ("[outputs.days]", "[outputs.level]", "an input and an output at once"),
        ('id = "R1"', "", "every row needs an id"),
        ("[inputs.amount]", "[other.amount]", "nothing here has this name"),
    ],
)
def test_a_wrong_table_is_refused_with_its_reason(old: str, new: str, reason: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read_table(changed(old, new), "limits.toml")

    assert reason in str(refused.value.fields["reason"])


def test_a_row_id_used_twice_is_refused() -> None:
    row = GOOD[GOOD.index("[[rows]]") :]

    with pytest.raises(InvalidPolicy, match="row id R1 is used twice"):
        read_table(GOOD + row, "limits.toml")


@pytest.mark.parametrize(
    "text", ['key = "k"\npurpose = "p"\nhit = "first"\ninputs = 3\nrows = []', 'key = "k"\nhit = "first"\nrows = [3]']
)
def test_things_of_another_shape_are_refused(text: str) -> None:
    with pytest.raises(InvalidPolicy):
        read_table(text, "odd.toml")
