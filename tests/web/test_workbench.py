"""The buyer's pages by role: people read, correct, submit, stop and repair there, and do no more than they may."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from openpyxl import load_workbook

from purveyor.core.access import SYSTEM, Role
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.settings import Settings
from purveyor.store import masters, messages
from purveyor.store.db import Database
from purveyor.store.masters import Provenance
from purveyor.web.main import create_app
from tests.app.people import MONDAY_NINE
from tests.web.browser import visited
from tests.web.people import a_business_unit, a_person, sign_in
from tests.web.story_data import LOGINS, Story, a_story

NOT_THERE = "PV0000ZZ"
BLANKS = (" ", "\u200b", "\u00a0\ufeff", "\u2800")
"""Reasons that nobody can read."""


@pytest.fixture
def story(database: Database) -> Story:
    """A Monday at the distributor."""
    return a_story(database)


@contextmanager
def visits(story: Story, settings: Settings, login: str) -> Iterator[httpx.Client]:
    """Sign a person of the story in."""
    with visited(create_app(story.database, settings)) as visitor:
        assert sign_in(visitor, login).status_code == 303
        yield visitor


def send(visitor: httpx.Client, page: str, action: str, **values: str) -> httpx.Response:
    """Open a page, fill the form that goes to ``action`` and send it."""
    text = visitor.get(page).text
    found = re.search(rf'<form method="post" action="[^"]*{re.escape(action)}".*?</form>', text, re.DOTALL)
    assert found is not None, f"no form {action} on {page}"
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', found.group()))
    fields |= {name: value for value, name in re.findall(r'<input[^>]*value="([^"]*)"[^>]*\sname="([^"]+)"', found.group())}
    address = re.search(r'action="([^"]+)"', found.group())
    assert address is not None
    return visitor.post(address.group(1), data={**fields, **values})


def says(visitor: httpx.Client, answer: httpx.Response) -> str:
    """Follow a form to the page after it and return its text."""
    assert answer.status_code == 303, answer.text[-2000:]
    return visitor.get(answer.headers["location"]).text


def test_every_role_reads_every_page_of_an_order(story: Story, web_settings: Settings) -> None:
    pages = ["/", "/orders", "/orders?status=all", "/search?q=pump", f"/orders/{story.stopped}/check/print"]
    tabs = ("", "/check", "/approvals", "/messages", "/goods", "/timeline")
    pages += [f"/orders/{ref}{tab}" for ref in (story.stopped, story.received) for tab in tabs]

    for login in LOGINS:
        with visits(story, web_settings, login) as visitor:
            assert {path: visitor.get(path).status_code for path in pages} == dict.fromkeys(pages, 200), login


def test_who_only_reads_gets_no_buttons_and_his_forms_are_refused(story: Story, web_settings: Settings) -> None:
    order = story.order(story.stopped)
    with visits(story, web_settings, "audrey") as visitor:
        token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/").text)
        assert token is not None
        data = {"csrf_token": token.group(1), "version": str(order.row_version), "seen": "1", "cancel_reason": "no"}

        assert "/cancel" not in visitor.get(f"/orders/{order.order_ref}").text
        assert visitor.post(f"/orders/{order.order_ref}/cancel", data=data).status_code == 403
        assert visitor.get(f"/orders/{order.order_ref}/edit").status_code == 403
    assert story.order(story.stopped).status is Status.DRAFT


def test_a_form_without_its_token_changes_nothing(story: Story, web_settings: Settings) -> None:
    order = story.order(story.stopped)
    with visits(story, web_settings, "dana") as visitor:
        data = {"version": str(order.row_version), "seen": "1", "cancel_reason": "somebody else's page"}

        assert visitor.post(f"/orders/{order.order_ref}/cancel", data=data).status_code == 403
    assert story.order(story.stopped).status is Status.DRAFT


def test_orders_that_are_not_there_or_of_another_unit_are_not_found(story: Story, web_settings: Settings) -> None:
    with story.database.transaction(SYSTEM) as tx:
        a_person(tx, "olga", Role.BUYER, unit=a_business_unit(tx, "REN"))
        a_person(tx, "sid", Role.SUPPLIER, unit=a_business_unit(tx, "TUL"))

    with visits(story, web_settings, "dana") as visitor:
        assert visitor.get(f"/orders/{NOT_THERE}").status_code == 404
    with visits(story, web_settings, "olga") as visitor:
        assert visitor.get(f"/orders/{story.stopped}").status_code == 404
        assert story.stopped not in visitor.get("/orders?status=all").text
    with visits(story, web_settings, "sid") as visitor:
        assert {visitor.get(path).status_code for path in ("/", "/orders", "/search?q=x", f"/orders/{story.stopped}")} == {403}


def test_the_buyer_takes_over_what_the_gate_suggests_and_submits(story: Story, web_settings: Settings) -> None:
    check = f"/orders/{story.stopped}/check"
    with visits(story, web_settings, "dana") as visitor:
        assert "Change the quantity to 20 CT" in visitor.get(check).text

        says(visitor, send(visitor, check, "/suggestion", line_no="1", code="PACK_SLIP"))
        assert "nothing stops the order" in says(visitor, send(visitor, check, "/suggestion", line_no="1", code="PRICE_MISMATCH"))
        assert "waits for approval" in says(visitor, send(visitor, f"/orders/{story.stopped}", "/submit"))

    order = story.order(story.stopped)
    assert (order.status, order.version, str(order.total)) == (Status.PENDING_APPROVAL, 3, "19968.00")


def test_whoever_was_slower_sees_the_difference_and_overwrites_nothing(story: Story, web_settings: Settings) -> None:
    path = f"/orders/{story.stopped}/edit"
    with visits(story, web_settings, "dana") as first, visits(story, web_settings, "carl") as second:
        seen = story.order(story.stopped)
        assert send(first, path, "/edit", **{"quantity-1-1": "20"}).status_code == 303
        late = send(second, path, "/edit", **{"quantity-1-1": "30", "version": str(seen.row_version), "seen": "1"})

    assert late.status_code == 409
    assert "Somebody changed this order after you opened it" in late.text
    assert re.search(r"quantity.*240.*20", late.text, re.DOTALL)
    assert "dates, places and their quantities" in late.text
    assert "schedule_no" not in late.text
    assert "need_by&#39;" not in late.text
    assert story.order(story.stopped).lines[0].quantity == 20


def test_what_cannot_be_read_stands_beside_its_field_and_nothing_is_saved(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        wrong = send(visitor, f"/orders/{story.stopped}/edit", "/edit", **{"quantity-1-1": "twenty", "price-1": "-3"})
        same = send(visitor, f"/orders/{story.stopped}/edit", "/edit")

        assert wrong.status_code == 422
        assert 'aria-describedby="error-quantity-1-1"' in wrong.text
        assert 'aria-describedby="error-price-1"' in wrong.text
        assert 'value="twenty"' in wrong.text
        assert "nothing was changed" in says(visitor, same)
    assert story.order(story.stopped).version == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        *(
            ("quantity-1-1", "12,5"),
            ("quantity-1-1", "1e5"),
            ("quantity-1-1", "1,00,0"),
            ("price-1", "1e999"),
            ("price-1", "NaN"),
        ),
        *(("need_by-1-1", "9999-12-31"), ("need_by-1-1", "0026-03-31"), ("need_by-1-1", "2026-W11-1")),
    ],
)
def test_a_number_or_day_that_could_mean_something_else_is_asked_for_again(
    story: Story, web_settings: Settings, field: str, typed: str
) -> None:
    with visits(story, web_settings, "dana") as visitor:
        answer = send(visitor, f"/orders/{story.stopped}/edit", "/edit", **{field: typed})

    assert (answer.status_code, f'aria-describedby="error-{field}"' in answer.text) == (422, True)
    assert story.order(story.stopped).version == 1


@pytest.mark.parametrize("number", ["2147483648", "9" * 5000, "-1", "\u0661"])
def test_a_form_with_a_version_that_no_order_can_have_is_refused(story: Story, web_settings: Settings, number: str) -> None:
    page = f"/orders/{story.stopped}"
    with visits(story, web_settings, "dana") as visitor:
        edited = send(visitor, f"{page}/edit", "/edit", version=number)
        cancelled = send(visitor, page, "/cancel", version=number, seen=number, cancel_reason="no longer needed")

    assert (edited.status_code, cancelled.status_code) == (422, 422)
    assert story.order(story.stopped).status is Status.DRAFT


def test_an_order_that_left_cannot_be_edited(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        assert visitor.get(f"/orders/{story.silent}/edit").status_code == 409
        assert f"/orders/{story.silent}/edit" not in visitor.get(f"/orders/{story.silent}").text


def test_a_hold_stops_an_order_until_it_ends_and_a_cancel_needs_a_reason(story: Story, web_settings: Settings) -> None:
    page = f"/orders/{story.waiting}"
    with visits(story, web_settings, "dana") as visitor:
        held = says(visitor, send(visitor, page, "/hold", hold_reason="The price is being negotiated"))
        assert "On hold by Dana Ortiz" in held
        assert "The price is being negotiated" in visitor.get("/").text
        says(visitor, send(visitor, page, "/lift-hold"))
        assert story.order(story.waiting).hold is None

        assert {send(visitor, page, "/cancel", cancel_reason=blank).status_code for blank in BLANKS} == {422}
        says(visitor, send(visitor, page, "/cancel", cancel_reason="Bought elsewhere"))
        assert "cancelled by Dana Ortiz: Bought elsewhere" in visitor.get(page).text
    assert story.order(story.waiting).status is Status.CANCELLED


def test_only_who_may_override_decides_that_a_problem_stands_and_says_why(story: Story, web_settings: Settings) -> None:
    check = f"/orders/{story.stopped}/check"
    with visits(story, web_settings, "dana") as visitor:
        assert "/override" not in visitor.get(check).text
    with visits(story, web_settings, "carl") as visitor:
        assert {send(visitor, check, "/override", reason=blank).status_code for blank in BLANKS} == {422}
        assert "Overridden" in says(visitor, send(visitor, check, "/override", reason="A pallet deal"))
        told = visitor.get(f"/orders/{story.stopped}/timeline").text

    assert "A pallet deal" in told
    assert "Carl Weber" in told


def test_it_sends_a_failed_message_again_or_says_why_it_is_not_needed(story: Story, web_settings: Settings) -> None:
    page = f"/orders/{story.failed}/messages"
    with visits(story, web_settings, "ines") as visitor:
        assert "/messages" in visitor.get("/").text
        assert {send(visitor, page, "/skip", reason=blank).status_code for blank in BLANKS} == {422}
        other = visitor.get(page).text.partition("/messages/")[2].partition("/replay")[0]
        assert send(visitor, page, "/replay").headers["location"] == page

    with story.database.read(SYSTEM) as tx:
        sent = [each for each in messages.of_order(tx, story.order(story.failed).id) if each.kind == MessageKind.SUPPLIER_ORDER]
    assert [(str(each.id), each.state) for each in sent] == [(other, "ready")]


def test_a_message_is_repaired_on_its_own_order_only(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "ines") as visitor:
        page = visitor.get(f"/orders/{story.failed}/messages").text
        message = page.partition("/messages/")[2].partition("/replay")[0]
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        elsewhere = visitor.post(f"/orders/{story.silent}/messages/{message}/replay", data={"csrf_token": token})

    assert elsewhere.status_code == 404


def test_the_stages_say_what_was_skipped_and_who_said_so(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        text = visitor.get(f"/orders/{story.answered}").text
        approvals = visitor.get(f"/orders/{story.waiting}/approvals").text

    assert "no approver needed, says policy row A1" in text
    assert "nothing to correct, says the gate" in text
    assert "the order total is at least 5,000.00 USD and below 25,000.00 USD" in approvals


def test_the_inbox_leads_each_person_to_his_own_work(story: Story, web_settings: Settings) -> None:
    expected = {"dana": f"/orders/{story.stopped}/check", "martha": "/approvals/", "ines": f"/orders/{story.failed}/messages"}
    for login, address in expected.items():
        with visits(story, web_settings, login) as visitor:
            text = visitor.get("/").text
            assert f'href="{address}' in text, login
            assert "for you" in text
    with visits(story, web_settings, "audrey") as visitor:
        assert "Nothing waits for you." in visitor.get("/").text


def test_search_leads_to_an_order_and_finds_items_by_the_suppliers_number(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        direct = visitor.get(f"/search?q={story.waiting.lower()}")
        assert (direct.status_code, direct.headers["location"]) == (303, f"/orders/{story.waiting}")
        assert "PUMP-2" in visitor.get("/search?q=kp-2502").text
        assert "Keller Pumps" in visitor.get("/search?q=keller").text
        assert "Nothing is called that." in visitor.get("/search?q=unobtainium").text


QUERIES = (
    "",
    "?status=all",
    "?confirmation=UNANSWERED",
    "?exception=any&sort=-total",
    "?delivery_from=2026-04-20&sort=order_ref",
    "?q=pump-1&status=all&sort=-order_ref",
    "?status=issued&need_by_to=2026-04-30",
)


def test_page_csv_and_workbook_show_the_same_orders(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        for query in QUERIES:
            shown = re.findall(r'<th scope="row"[^>]*><a href="/orders/(\w+)">', visitor.get(f"/orders{query}").text)
            as_csv = list(csv.DictReader(io.StringIO(visitor.get(f"/orders.csv{query}").content.decode("utf-8-sig"), newline="")))
            sheet = load_workbook(io.BytesIO(visitor.get(f"/orders.xlsx{query}").content)).worksheets[0]
            in_workbook = [["" if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows(min_row=2)]

            assert shown, query
            assert [row["Order"] for row in as_csv] == [row[0] for row in in_workbook] == shown, query
            assert [row["Status"] for row in as_csv] == [row[4] for row in in_workbook], query


def test_a_name_that_looks_like_a_formula_is_carried_out_by_nobody(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\uff1d1"):
            with story.database.transaction(SYSTEM) as tx:
                supplier = next(iter(masters.suppliers(tx).values()))
                masters.save_suppliers(tx, [replace(supplier, name=name)], Provenance(MONDAY_NINE, "tryton"))

            text = visitor.get("/orders.csv").content.decode("utf-8-sig")
            sheet = load_workbook(io.BytesIO(visitor.get("/orders.xlsx").content)).worksheets[0]

            assert {row["Supplier"] for row in csv.DictReader(io.StringIO(text, newline=""))} == {f"'{name}"}
            assert {(cell.value, cell.data_type, cell.quotePrefix) for cell in sheet["D"][1:]} == {(name, "s", True)}


def test_a_filter_that_means_nothing_is_refused(story: Story, web_settings: Settings) -> None:
    with visits(story, web_settings, "dana") as visitor:
        for query in ("?status=lost", "?ship_from=soon", "?supplier=keller", "?sort=margin"):
            assert visitor.get(f"/orders{query}").status_code == 422, query
            assert visitor.get(f"/orders.csv{query}").status_code == 422, query
        assert visitor.get("/orders?cursor=forged").status_code == 400
