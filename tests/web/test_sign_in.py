"""Signing in and out: who gets in, what everybody else learns (nothing), and when a session ends."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from purveyor.core.access import SYSTEM, Role
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.main import PARTS, create_app
from tests.web.browser import visited
from tests.web.people import PASSWORD, a_person, form_token, sign_in
from tests.web.sample_api import PART as SAMPLES


@pytest.fixture
def visitor(database: Database, web_settings: Settings) -> Iterator[httpx.Client]:
    """A browser on a running installation where Dana has an account."""
    with database.transaction(SYSTEM) as tx:
        a_person(tx, "dana", Role.BUYER)
    with visited(create_app(database, web_settings, (*PARTS, SAMPLES))) as client:
        yield client


def test_a_person_signs_in_and_sees_her_name_and_role(visitor: httpx.Client) -> None:
    answer = sign_in(visitor, after="/samples/mine?tab=1")

    assert (answer.status_code, answer.headers["location"]) == (303, "/samples/mine?tab=1")
    assert "Dana" in visitor.get("/samples/mine").text
    assert "Buyer" in visitor.get("/samples/mine").text


def test_a_page_that_needs_somebody_leads_to_the_sign_in_page_and_back(visitor: httpx.Client) -> None:
    answer = visitor.get("/samples/mine")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fsamples%2Fmine")
    assert visitor.get("/samples/mine", headers={"HX-Request": "true"}).headers["hx-redirect"] == answer.headers["location"]


def test_signing_in_again_leads_back_to_the_same_filters(visitor: httpx.Client) -> None:
    answer = visitor.get("/samples/mine?status=draft&q=a%26b")

    assert answer.headers["location"] == "/sign-in?next=%2Fsamples%2Fmine%3Fstatus%3Ddraft%26q%3Da%2526b"


@pytest.mark.parametrize(("login", "password"), [("dana", "wrong"), ("nobody", PASSWORD), ("nobody", "wrong")])
def test_a_wrong_name_and_a_wrong_password_look_the_same(visitor: httpx.Client, login: str, password: str) -> None:
    answer = sign_in(visitor, login, password)

    assert answer.status_code == 401
    assert "Name and password do not fit together." in answer.text
    assert visitor.get("/samples/mine").status_code == 303


def test_signing_in_changes_the_token_so_that_a_planted_one_is_worthless(visitor: httpx.Client) -> None:
    visitor.get("/sign-in")
    planted = visitor.cookies["purveyor"]

    sign_in(visitor)

    assert visitor.cookies["purveyor"] != planted
    visitor.cookies.clear()
    assert visitor.get("/samples/mine", headers={"cookie": f"purveyor={planted}"}).status_code == 303


def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(visitor: httpx.Client) -> None:
    cookie = sign_in(visitor).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(visitor: httpx.Client) -> None:
    sign_in(visitor)
    copy = visitor.cookies["purveyor"]

    answer = visitor.post("/sign-out", data={"csrf_token": form_token(visitor, "/samples/mine")})

    assert answer.headers["location"] == "/sign-in"
    assert "You are signed out." in visitor.get("/sign-in").text
    visitor.cookies.clear()
    assert visitor.get("/samples/mine", headers={"cookie": f"purveyor={copy}"}).status_code == 303


def test_a_role_taken_away_is_gone_at_once(visitor: httpx.Client, database: Database) -> None:
    sign_in(visitor)
    with database.transaction(SYSTEM) as tx:
        known = logins.account(tx, "DANA")
        assert known is not None
        logins.set_roles(tx, known.user_id, [], [])

    assert visitor.get("/samples/mine").status_code == 303


def test_a_form_without_its_token_or_with_somebody_elses_does_nothing(visitor: httpx.Client) -> None:
    sign_in(visitor)

    for token in ({}, {"csrf_token": "0" * 64}):
        answer = visitor.post("/sign-out", data=token)
        assert answer.status_code == 403
        assert "no longer valid" in answer.text
    assert visitor.get("/samples/mine").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/preferences/theme"])
def test_a_form_on_another_site_does_nothing(visitor: httpx.Client, path: str, headers: dict[str, str]) -> None:
    token = form_token(visitor)

    answer = visitor.post(path, data={"csrf_token": token, "login": "dana", "password": PASSWORD}, headers=headers)

    assert answer.status_code == 403
    assert "another site" in answer.text


@pytest.mark.parametrize("after", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/a\r\nb"])
def test_after_signing_in_nobody_is_sent_to_another_site(visitor: httpx.Client, after: str) -> None:
    assert sign_in(visitor, after=after).headers["location"] == "/"


def test_too_many_tries_have_to_wait_whether_the_name_exists_or_not(visitor: httpx.Client) -> None:
    token = form_token(visitor)
    form = {"login": "nobody", "password": "x", "csrf_token": token}

    answers = [visitor.post("/sign-in", data=form) for _ in range(16)]

    assert {answer.status_code for answer in answers[:15]} == {401}
    assert answers[15].status_code == 429
    assert "retry-after" in answers[15].headers


def test_the_choice_of_colours_is_kept_and_can_be_given_back_to_the_system(visitor: httpx.Client) -> None:
    token = form_token(visitor)

    visitor.post("/preferences/theme", data={"csrf_token": token, "theme": "dark"})
    assert 'data-bs-theme="dark"' in visitor.get("/sign-in").text

    visitor.post("/preferences/theme", data={"csrf_token": token, "theme": ""})
    assert "data-bs-theme" not in visitor.get("/sign-in").text


def test_a_message_that_purveyor_did_not_write_is_not_shown(visitor: httpx.Client) -> None:
    page = visitor.get("/sign-in", headers={"cookie": "flash=WyJCZSBhZnJhaWQiLCAiYmFkIl0=.00"})

    assert "afraid" not in page.text
