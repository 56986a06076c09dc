"""The figures of the overview as the page shows them: sums by currency, and who waits with how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from purveyor.core.money import Money
from purveyor.store.db import Tx
from purveyor.store.views.overview import OWNED, SAVED, Figure, Total, totals


@dataclass(frozen=True, slots=True)
class Sum:
    """One figure: how many rows, how many of them still open, the money by currency, and where its proof is."""

    figure: Figure
    count: int
    still_open: int
    amounts: tuple[Money, ...]
    oldest: datetime | None
    owner: str | None = None

    @property
    def href(self) -> str:
        """The address of the list whose sum this is."""
        return f"/overview/proof/{self.figure.value}" + (f"?{urlencode({'owner': self.owner})}" if self.owner else "")


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows; ``saved_together`` adds the saved figures up by currency."""

    stopped: Sum
    saved: tuple[Sum, ...]
    saved_together: tuple[Money, ...]
    waiting: tuple[Sum, ...]
    progress: tuple[Sum, ...]

    @property
    def waiting_count(self) -> int:
        """How many exceptions and approvals wait."""
        return sum(one.count for one in self.waiting)


def overview(tx: Tx) -> Overview:
    """Read every figure inside the reader's scope."""
    saved = tuple(sum_of(tx, figure) for figure in SAVED)
    waiting = [one for figure in (Figure.EXCEPTIONS, Figure.APPROVALS) for one in _by_owner(figure, totals(tx, figure))]
    return Overview(
        stopped=sum_of(tx, Figure.STOPPED),
        saved=saved,
        saved_together=_together(amount for one in saved for amount in one.amounts),
        waiting=tuple(sorted(waiting, key=lambda one: (one.oldest or tx.now, one.owner or ""))),
        progress=tuple(sum_of(tx, figure) for figure in (Figure.SENT, Figure.RECEIVED, Figure.MATCHED, Figure.CLOSED)),
    )


def sum_of(tx: Tx, figure: Figure, owner: str | None = None) -> Sum:
    """Read one figure; of one owner when named and when the figure has owners."""
    return _added(figure, totals(tx, figure, owner), owner if figure in OWNED else None)


def _by_owner(figure: Figure, found: Sequence[Total]) -> list[Sum]:
    owners = list(dict.fromkeys(total.owner for total in found))
    return [_added(figure, [total for total in found if total.owner == owner], owner) for owner in owners]


def _added(figure: Figure, found: Sequence[Total], owner: str | None) -> Sum:
    return Sum(
        figure=figure,
        count=sum(total.count for total in found),
        still_open=sum(total.still_open for total in found),
        amounts=_together(Money(total.amount, total.currency) for total in found if total.amount is not None and total.currency),
        oldest=min((total.oldest for total in found if total.oldest is not None), default=None),
        owner=owner,
    )


def _together(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Add amounts up by currency, the largest first; nothing is converted."""
    sums: dict[str, Decimal] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, Decimal(0)) + amount.amount
    return tuple(Money(value, currency) for currency, value in sorted(sums.items(), key=lambda one: (-one[1], one[0])))
