"""The worked cases of acknowledgments: the sums of one line, and answers over several versions of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from purveyor.core.acknowledge import NOT_APPLICABLE, Acknowledgment, LineAnswer, LineFold
from purveyor.core.answers import asks_about, fold_order, reminders, results_of
from purveyor.core.order import PurchaseOrder, new_version
from purveyor.core.promise import build_ledger
from tests.core.supplier_side import a_line, a_part, a_schedule, an_answer, an_order, open_days
from tests.worked import needs_worked_cases, worked_cases

pytestmark = needs_worked_cases


def parts_of(raw: list[dict[str, Any]]) -> tuple[Any, ...]:
    return tuple(
        a_part(
            part["outcome"],
            part.get("qty"),
            price=part.get("price"),
            promised_ship=part.get("promised_ship"),
            promised_delivery=part.get("promised_delivery"),
            reason=part.get("reason"),
            item_code=part.get("item"),
        )
        for part in raw
    )


@pytest.mark.parametrize("case", worked_cases("acknowledgment_sums"))
def test_the_answers_to_one_line_split_its_quantity(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    order = an_order(a_line(given["ordered"], changed_in=given.get("line_changed_in_version", 1)), version=given["order_version"])
    answers = [
        an_answer(
            *parts_of(raw.get("parts", [])),
            name=raw["id"],
            minutes=place if raw["id"] not in [other["id"] for other in given["acknowledgments"][:place]] else 0,
            header=raw.get("header"),
            version=raw.get("version", 1),
            known_version=given["order_version"],
            mode=raw.get("mode", "replace"),
            technical=raw.get("type") == "technical",
        )
        for place, raw in enumerate(given["acknowledgments"])
    ]

    fold = fold_order(order, answers)[1]

    balance = fold.balance
    exceptions = [result.value for result in fold.results if result in NOT_APPLICABLE]
    assert [result and result.value for result in fold.results] == expected["applied"]
    for name in ("accepted", "proposed", "backordered", "rejected", "unanswered"):
        assert getattr(balance, name) == Decimal(expected[name]), name
    assert balance.proposed_over == Decimal(expected.get("proposed_over", "0"))
    assert fold.state.value == expected["line_state"]
    assert exceptions == expected["exceptions"]
    assert reminders(fold, exception_open=bool(exceptions)).value == expected["reminders"]


class Story:
    """An order that goes through versions while answers come in, as the cases over versions describe it."""

    def __init__(self, versions: list[dict[str, Any]]) -> None:
        self.numbers = {name: number for number, name in enumerate(versions[0]["lines"], start=1)}
        for version in versions:
            for name in version["lines"]:
                self.numbers.setdefault(name, len(self.numbers) + 1)
        self.added_in: dict[int, int] = {}
        self.order = self._issued(versions[0])
        self.answers: list[Acknowledgment] = []
        self.failed: dict[int, str] = {}
        self.heard: list[tuple[Mapping[int, Any], tuple[int, ...]]] = []

    def _issued(self, version: dict[str, Any]) -> PurchaseOrder:
        lines = [self._line(name, raw) for name, raw in version["lines"].items()]
        return an_order(*lines, terms=version.get("terms", "NET30"))

    def _line(self, name: str, raw: dict[str, Any]) -> Any:
        return a_line(
            raw["qty"],
            line_no=self.numbers[name],
            price=raw["price"],
            schedules=(a_schedule(1, raw["qty"], raw["need_by"]),),
        )

    def change_to(self, version: dict[str, Any]) -> None:
        before = self.order
        wanted = self._issued(version)
        removed = tuple(replace(line, cancelled=True) for line in before.lines if wanted.line(line.line_no) is None)
        added = tuple(line for line in wanted.lines if before.line(line.line_no) is None)
        kept = tuple(line for line in wanted.lines if before.line(line.line_no) is not None)
        after = new_version(before, replace(wanted, lines=(*kept, *removed), version=before.version))
        number = version["version"]
        new_lines = tuple(replace(line, changed_in_version=number) for line in added)
        self.order = replace(after, version=number, lines=(*after.lines, *new_lines))
        self.added_in |= {line.line_no: number for line in added}

    def hear(self, raw: dict[str, Any]) -> None:
        lines = tuple(LineAnswer(self.numbers[name], parts_of(parts)) for name, parts in raw.get("lines", {}).items())
        answer = an_answer(
            name=raw["id"],
            minutes=len(self.answers),
            header=raw.get("header"),
            version=raw["version"],
            known_version=self.order.version,
            lines=lines,
        )
        self.answers.append(answer)
        folds = self.folds()
        results = results_of(folds, len(self.answers) - 1)
        self.failed |= {number: result.value for number, result in results.items() if result in NOT_APPLICABLE}
        self.heard.append((results, asks_about(self.order, answer, folds, self.added_in)))

    def folds(self) -> dict[int, LineFold]:
        return fold_order(self.order, self.answers, added_in=self.added_in)


@pytest.mark.parametrize("case", worked_cases("acknowledgment_sums", "over_versions"))
def test_answers_bind_the_lines_that_did_not_change(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    story = Story(given["versions"])
    for version in given["versions"]:
        if version["version"] > 1:
            story.change_to(version)
        for raw in given["acknowledgments"]:
            if raw["after_version"] == version["version"]:
                story.hear(raw)

    names = {number: name for name, number in story.numbers.items()}
    for (results, asked), wanted in zip(story.heard, expected["acknowledgments"], strict=True):
        assert {names[number]: result.value for number, result in results.items()} == wanted["results"]
        assert [names[number] for number in asked] == wanted.get("asks_about", [])
    for name, wanted in expected["lines"].items():
        line = story.order.line(story.numbers[name])
        assert line is not None
        fold = story.folds()[line.line_no]
        ledger = build_ledger(line, fold.applied, fold.standing, None, open_days())
        basis = {promise.basis.value for promise in ledger.current if promise.basis}
        assert line.changed_in_version == wanted["changed_in"]
        assert (fold.balance.accepted, fold.balance.unanswered) == (Decimal(wanted["accepted"]), Decimal(wanted["unanswered"]))
        assert fold.state.value == wanted["line_state"]
        assert (ledger.current_delivery and ledger.current_delivery.isoformat()) == wanted["promised_delivery"]
        assert (basis.pop() if basis else None) == wanted["basis"]
        assert story.failed.get(line.line_no) == wanted.get("exception")
        assert reminders(fold, exception_open=line.line_no in story.failed).value == wanted["reminders"]
