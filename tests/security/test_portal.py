"""The page behind a supplier's link under attack: forged, foreign, expired and revoked links, forms from elsewhere, floods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from purveyor.core.access import SYSTEM
from purveyor.settings import Settings
from purveyor.store import links, messages, orders
from purveyor.store.db import Database
from purveyor.web.portal.door import WRONG_LINKS
from tests.app.supplier_world import an_issued_order
from tests.order_builders import a_line
from tests.web.supplier_page import SupplierPage, carried, linked, supplier_page

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def keller(database: Database, tmp_path: Path) -> Iterator[SupplierPage]:
    """Keller Pumps with a link to an order of 20 cartons."""
    with supplier_page(database, Settings(data_dir=tmp_path)) as page:
        yield page


def let_expire(superuser: Superuser) -> None:
    """Let every link be older than it may be."""
    superuser.execute("UPDATE supplier_link SET expires_at = created_at - interval '1 hour'")


@pytest.mark.parametrize("path", ["", "/ship"])
def test_a_forged_link_opens_nothing_and_says_nothing(keller: SupplierPage, path: str) -> None:
    answer = keller.visitor.get(f"/s/{keller.token[:-1]}x{path}")

    assert answer.status_code == 404
    assert keller.order.order_ref not in answer.text
    assert "Sign in" not in answer.text


@pytest.mark.parametrize("action", ["accept", "answer", "ship", "new-link"])
def test_a_forged_link_answers_nothing(keller: SupplierPage, action: str) -> None:
    keller.open()

    answer = keller.visitor.post(f"/s/{'A' * 43}/{action}", data=keller.seen)

    assert answer.status_code in (403, 404)
    assert keller.answers() == 0


def test_a_revoked_link_opens_nothing(keller: SupplierPage) -> None:
    with keller.database.transaction(SYSTEM) as tx:
        links.revoke(tx, keller.order.id)

    assert keller.visitor.get(keller.path).status_code == 404


def test_an_expired_link_shows_nothing_of_the_order_and_offers_a_new_one(keller: SupplierPage, superuser: Superuser) -> None:
    let_expire(superuser)

    answer = keller.visitor.get(keller.path)

    assert (answer.status_code, keller.order.order_ref in answer.text) == (410, False)
    keller.seen = carried(answer.text)
    assert "We mail you a new one to the address we know of your company." in answer.text
    for _ in range(2):
        asked = keller.visitor.post(f"{keller.path}/new-link", data=keller.seen)
        assert (asked.status_code, asked.headers["location"]) == (303, f"{keller.path}/new-link")
    assert "A new link is on its way" in keller.visitor.get(f"{keller.path}/new-link").text
    with keller.database.read(SYSTEM) as tx:
        (message,) = messages.of_order(tx, keller.order.id)
    assert (message.channel, message.payload["purpose"]) == ("email", "new_link")


def test_the_page_that_promises_a_new_link_is_for_expired_links_alone(keller: SupplierPage) -> None:
    assert keller.visitor.get(f"{keller.path}/new-link").headers["location"] == keller.path
    assert keller.visitor.get(f"/s/{'A' * 43}/new-link").status_code == 404
    with keller.database.read(SYSTEM) as tx:
        assert messages.of_order(tx, keller.order.id) == []


def test_an_expired_link_answers_nothing(keller: SupplierPage, superuser: Superuser) -> None:
    keller.open()
    let_expire(superuser)

    assert keller.accept_all().status_code == 410
    assert keller.answers() == 0


def test_an_order_that_went_to_another_supplier_is_not_shown_through_the_old_link(
    keller: SupplierPage, superuser: Superuser
) -> None:
    superuser.execute("UPDATE supplier_link SET supplier_id = gen_random_uuid()")

    assert keller.visitor.get(keller.path).status_code == 404


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_the_token_of_this_page_is_refused(keller: SupplierPage, token: str) -> None:
    keller.open()

    answer = keller.accept_all(csrf_token=token)

    assert (answer.status_code, keller.answers()) == (403, 0)


def test_the_form_of_one_link_is_worthless_for_another(keller: SupplierPage) -> None:
    other = an_issued_order(keller.database, lines=(a_line(1, 5, "10.00"),))
    token = linked(keller.database, other)
    keller.open()

    answer = keller.visitor.post(f"/s/{token}/accept", data=keller.seen)

    assert answer.status_code == 403
    assert keller.order.order_ref not in answer.text


def test_a_form_sent_from_another_site_is_refused(keller: SupplierPage) -> None:
    keller.open()

    answer = keller.visitor.post(f"{keller.path}/accept", data=keller.seen, headers={"origin": "https://evil.example"})

    assert (answer.status_code, keller.answers()) == (403, 0)


def test_the_page_works_for_a_browser_that_keeps_no_cookies(keller: SupplierPage) -> None:
    keller.open()
    keller.visitor.cookies.clear()

    assert keller.accept_all().status_code == 303
    assert keller.answers() == 1


def test_guessing_links_is_stopped(keller: SupplierPage) -> None:
    for number in range(WRONG_LINKS.amount):
        keller.visitor.get(f"/s/guess-{number}")

    answer = keller.visitor.get("/s/guess-again")

    assert answer.status_code == 429
    assert answer.headers["retry-after"]


def test_what_a_supplier_writes_is_shown_as_text(keller: SupplierPage) -> None:
    form = keller.open("/ship")
    first = next(name for name in form.split('"') if name.startswith("line-"))
    keller.visitor.post(f"{keller.path}/ship", data={**keller.seen, "number": "<b>1</b>", "carrier": "<script>", first: "2"})

    page = keller.open()

    assert "&lt;b&gt;1&lt;/b&gt;" in page
    assert "<script>" not in page


def test_a_link_never_shows_what_only_the_house_may_know(keller: SupplierPage) -> None:
    with keller.database.read(SYSTEM) as tx:
        order = orders.get(tx, keller.order.id)

    page = keller.open()

    for hidden in (str(order.id), str(order.supplier_id), "PO-7", "tryton", "line_manager"):
        assert hidden not in page
