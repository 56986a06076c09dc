"""Prove a table before it is published: no gaps, no overlaps, no row that can never fire (governance.md 1.3).

The proof walks the product of all column parts, leaving a branch as soon as no row is possible in it. Beyond two million
parts nothing is proved, and the table needs a last row that takes everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

from purveyor.core.policy.compile import Column, compile_columns
from purveyor.core.policy.decide import winning_rows
from purveyor.core.policy.table import AnyValue, HitPolicy, InputValue, Table

MOST_CELLS: Final = 2_000_000
MOST_REPORTED: Final = 50


@dataclass(frozen=True)
class Proof:
    """What the proof found; combinations are written ``column=part``. ``cells`` is the size of the product."""

    cells: int
    gaps: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()
    dead_rows: tuple[str, ...] = ()
    too_large: bool = False

    @property
    def holds(self) -> bool:
        """True when the table may be published."""
        return not (self.gaps or self.overlaps or self.dead_rows or self.too_large)


def prove(table: Table) -> Proof:
    """Prove a table complete and free of overlaps and dead rows; a collecting table may leave gaps."""
    columns = compile_columns(table)
    cells = prod(len(column.parts()) for column in columns)
    if cells > MOST_CELLS:
        open_end = bool(table.rows) and all(isinstance(cell, AnyValue) for cell in table.rows[-1].cells)
        return Proof(cells, too_large=not open_end)
    gaps: list[str] = []
    overlaps: list[str] = []
    fired = 0
    for parts, possible in _walk(columns, (1 << len(table.rows)) - 1):
        inputs = {column.column.name: value for column, (_, value) in zip(columns, parts, strict=False)}
        winners = winning_rows(table, possible, inputs)
        words = " ".join(f"{column.column.name}={word}" for column, (word, _) in zip(columns, parts, strict=False))
        fired |= sum(1 << winner for winner in winners)
        if table.hit is HitPolicy.COLLECT:
            continue
        if not winners:
            gaps.append(words)
        elif len(winners) > 1:
            overlaps.append(f"{words}: {', '.join(table.rows[winner].id for winner in winners)}")
    dead = tuple(row.id for index, row in enumerate(table.rows) if not fired >> index & 1)
    return Proof(cells, tuple(gaps[:MOST_REPORTED]), tuple(overlaps[:MOST_REPORTED]), dead)


def _walk(columns: tuple[Column, ...], possible: int) -> Iterator[tuple[list[tuple[str, InputValue]], int]]:
    """Yield every combination of parts with its possible rows; one that is already empty is not split further."""
    if not columns or not possible:
        yield [], possible
        return
    for word, mask, value in columns[0].parts():
        for rest, left in _walk(columns[1:], possible & mask):
            yield [(word, value), *rest], left
