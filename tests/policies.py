"""Policies for tests: the files the product ships, and the approval bands of the worked cases."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from purveyor.core.policy.policy_set import PolicySet, policy_set
from purveyor.core.policy.reading import read_table
from purveyor.core.policy.table import Table
from tests.worked import worked_set

FOLDER = Path(__file__).resolve().parents[1] / "policies"


@cache
def shipped_tables() -> tuple[Table, ...]:
    """Every table under policies/."""
    return tuple(read_table(file.read_text("utf-8"), file.name) for file in sorted(FOLDER.glob("*.toml")))


@cache
def shipped_policies() -> PolicySet:
    """The tables the product ships, in force."""
    return policy_set(shipped_tables())


def with_tables(*texts: str) -> PolicySet:
    """The shipped tables with some replaced by TOML text."""
    return policy_set((*shipped_tables(), *(read_table(text, f"test-{number}.toml") for number, text in enumerate(texts))))


@cache
def worked_policies() -> PolicySet:
    """The shipped tables with the approval matrix of the worked cases."""
    bands = worked_set("approval_bands")
    rows = []
    for number, band in enumerate(bands["bands"], 1):
        upper = "" if band["below"] is None else f', below = "{band["below"]}"'
        rows.append(
            f'[[rows]]\nid = "B{number}"\namount = {{ at_least = "{band["at_least"]}"{upper} }}\nchain = {band["chain"]}\n'
        )
    matrix = f"""
key = "approval_matrix"
purpose = "Bands of the worked cases"
hit = "unique"
[inputs.amount]
type = "money"
currency = "{bands["policy_currency"]}"
at_least = "0"
[outputs.chain]
type = "references"
values = ["line_manager", "category_manager", "finance_director", "cfo"]
"""
    return with_tables(matrix + "\n".join(rows))
