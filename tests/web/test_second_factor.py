"""The second factor: asked of approvers, set up at the next sign-in, each code counts once, guessing is stopped."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pyotp
import pytest
from sqlalchemy import select, update

from purveyor.app import people, second_factor
from purveyor.core.access import SYSTEM, Role
from purveyor.core.events.account import user_stream
from purveyor.core.ids import UserId
from purveyor.settings import Settings
from purveyor.store import events, logins, second_factors
from purveyor.store.db import Database
from purveyor.store.tables.accounts import SECOND_FACTOR
from purveyor.store.tables.parties import LOGIN_SESSION
from purveyor.web.main import create_app
from purveyor.web.security import guard_of
from purveyor.web.signin import codes
from tests.web.browser import served
from tests.web.desks import COOKIE, hidden_fields
from tests.web.people import PASSWORD, a_business_unit, sign_in

NOW = datetime(2026, 3, 9, 9, 0, 10, tzinfo=UTC)


@dataclass
class Door:
    """An installation with Tom the approver, Dana the buyer and Leo of IT, and browsers of nobody."""

    database: Database
    settings: Settings
    address: str
    ids: dict[str, UserId]
    stack: ExitStack

    def visitor(self) -> httpx.Client:
        return self.stack.enter_context(
            httpx.Client(base_url=self.address, headers={"accept": "text/html"}, trust_env=False, timeout=30)
        )

    def set_up(self, login: str) -> str:
        """Give a person a generator, none of whose codes was used; return its secret."""
        secret, key = codes.new_secret(), guard_of(self.settings).code_key
        with self.database.transaction(SYSTEM) as tx:
            second_factor.set_up(tx, self.ids[login], codes.seal(key, self.ids[login], secret), 0)
        return secret

    def told(self, login: str) -> list[str]:
        with self.database.read(SYSTEM) as tx:
            return [event.type for event in events.read_stream(tx, user_stream(self.ids[login]))]


@pytest.fixture
def door(database: Database, web_settings: Settings) -> Iterator[Door]:
    with database.transaction(SYSTEM) as tx:
        unit = a_business_unit(tx)
        ids = {}
        for login, role in (("tom", Role.APPROVER), ("dana", Role.BUYER), ("leo", Role.IT)):
            ids[login] = people.add(tx, people.NewPerson(login, login.title()), [role], [unit])
        for login in ("tom", "dana"):
            people.set_password(tx, ids[login], PASSWORD)
    settings = replace(web_settings, second_factor_roles=Settings().second_factor_roles)
    with served(create_app(database, settings)) as address, ExitStack() as stack:
        yield Door(database, settings, address, ids, stack)


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).now()


def post(visitor: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it."""
    return visitor.post(path, data={**hidden_fields(visitor.get(path).text, path), **fields})


def test_a_buyer_needs_no_second_factor_and_an_approver_gets_nowhere_without(door: Door) -> None:
    dana, tom = door.visitor(), door.visitor()

    assert sign_in(dana, "dana", after="/account").headers["location"] == "/account"
    assert sign_in(tom, "tom", after="/account").headers["location"] == "/sign-in/set-up?next=%2Faccount"
    assert dana.get("/account").status_code == 200
    assert tom.get("/account").status_code == 303


def test_an_approver_sets_his_generator_up_at_the_next_sign_in_and_gets_recovery_codes_once(door: Door) -> None:
    tom = door.visitor()
    sign_in(tom, "tom", after="/account")
    page = tom.get("/sign-in/set-up?next=/account").text
    secret = re.findall(r"<code>([A-Z2-7 ]+)</code>", page)[0].replace(" ", "")
    form = hidden_fields(page, "/sign-in/set-up")

    wrong = tom.post("/sign-in/set-up", data={**form, "code": "000000"})
    right = tom.post("/sign-in/set-up", data={**form, "code": code_of(secret)})

    assert 'src="data:image/svg' in page
    assert (wrong.status_code, right.status_code) == (422, 200)
    recovery = re.findall(r"<code>([A-Z2-7-]{19})</code>", right.text)
    assert len(recovery) == 10
    session = right.cookies[COOKIE]
    assert tom.get("/account", headers={"cookie": f"{COOKIE}={session}"}).status_code == 200
    assert door.told("tom")[-1] == "second_factor.set"
    with door.database.read(SYSTEM) as tx:
        assert secret.encode() not in (second_factors.sealed_secret(tx, door.ids["tom"]) or b"")
    again = door.visitor()
    assert sign_in(again, "tom").headers["location"].startswith("/sign-in/code")
    assert post(again, "/sign-in/code", code=recovery[0].lower()).status_code == 303
    assert again.get("/account").status_code == 200
    assert door.told("tom")[-1] == "second_factor.recovered"
    once_more = door.visitor()
    sign_in(once_more, "tom")
    assert post(once_more, "/sign-in/code", code=recovery[0]).status_code == 401


def test_a_code_counts_once_and_the_token_changes_with_it(door: Door) -> None:
    secret = door.set_up("tom")
    code = code_of(secret)
    tom, thief = door.visitor(), door.visitor()
    half = sign_in(tom, "tom").cookies[COOKIE]
    sign_in(thief, "tom")

    answer = post(tom, "/sign-in/code", code=code)

    assert answer.headers["location"] == "/"
    assert answer.cookies[COOKIE] != half
    assert post(thief, "/sign-in/code", code=code).status_code == 401
    assert thief.get("/account").status_code == 303
    with door.database.transaction(SYSTEM) as tx:
        assert logins.resolve_half_session(tx, half) is None


def test_a_right_password_alone_cannot_replace_the_generator(door: Door) -> None:
    door.set_up("tom")
    thief = door.visitor()
    sign_in(thief, "tom")

    assert thief.get("/sign-in/set-up").headers["location"].startswith("/sign-in?")
    assert thief.get("/sign-in/code").status_code == 200
    assert door.visitor().get("/sign-in/code").headers["location"].startswith("/sign-in?")


def test_guessing_codes_ends_after_ten_even_if_the_last_one_is_right(door: Door) -> None:
    secret = door.set_up("tom")
    thief = door.visitor()
    sign_in(thief, "tom")
    form = hidden_fields(thief.get("/sign-in/code").text, "/sign-in/code")

    tries = [thief.post("/sign-in/code", data={**form, "code": f"00000{digit}"}).status_code for digit in range(10)]
    right = thief.post("/sign-in/code", data={**form, "code": code_of(secret)})

    assert set(tries) == {401}
    assert right.status_code == 401
    assert "user.locked" in door.told("tom")


def test_changing_people_asks_for_the_code_again_after_five_minutes(door: Door) -> None:
    secret = door.set_up("leo")
    with door.database.transaction(SYSTEM) as tx:
        session = logins.start_session(tx, door.ids["leo"], proved=True)
    leo = door.visitor()
    leo.cookies.set(COOKIE, session)
    page = f"/settings/people/{door.ids['dana']}"

    fresh = leo.post(f"{page}/end", data=hidden_fields(leo.get(page).text, f"{page}/end"))
    with door.database.transaction(SYSTEM) as tx:
        tx.conn.execute(update(LOGIN_SESSION).values(stepped_up_at=tx.real_now - timedelta(minutes=6)))
    form = hidden_fields(leo.get(page).text, f"{page}/restore")
    stale = leo.post(f"{page}/restore", data=form, headers={"referer": f"{door.address}{page}"})

    assert fresh.headers["location"] == page
    assert stale.headers["location"] == f"/sign-in/code?next={page.replace('/', '%2F')}"
    proved = post(leo, "/sign-in/code", code=code_of(secret), next=page)
    assert proved.headers["location"] == page
    assert proved.cookies[COOKIE] != session


def test_a_lost_second_factor_is_removed_by_who_manages_people(door: Door) -> None:
    door.set_up("tom")
    with door.database.transaction(SYSTEM) as tx:
        token = logins.start_session(tx, door.ids["tom"])
        second_factor.remove(tx, door.ids["tom"])
        assert tx.conn.execute(select(SECOND_FACTOR)).first() is None
        assert logins.resolve_session(tx, token) is None
    assert door.told("tom")[-1] == "second_factor.removed"


@pytest.mark.parametrize(("drift", "known"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(drift: int, known: bool) -> None:
    secret = codes.new_secret()
    code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=drift))

    step = codes.step_of(secret, f"{code[:3]} {code[3:]}", NOW)

    assert (step is not None) is known


def test_a_sealed_secret_opens_for_its_person_and_its_key_only() -> None:
    tom, key = uuid4(), b"k" * 32
    sealed = codes.seal(key, tom, "SECRET")

    assert codes.unseal(key, tom, sealed) == "SECRET"
    assert codes.unseal(key, uuid4(), sealed) is None
    assert codes.unseal(b"x" * 32, tom, sealed) is None
    assert codes.unseal(key, tom, b"") is None
    assert b"SECRET" not in base64.b64encode(sealed)
