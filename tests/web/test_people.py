"""People are invited, given roles, let go; nobody gives himself rights, and whoever is let go is out at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from purveyor.app import access_links, people
from purveyor.core.access import SYSTEM, Role
from purveyor.core.accounts import LastAdministrator
from purveyor.core.events.account import user_stream
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.core.messaging import MessageKind
from purveyor.settings import Settings
from purveyor.store import account_links, approvers, events, logins, messages
from purveyor.store import people as accounts
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import served
from tests.web.desks import COOKIE, Desk
from tests.web.people import a_business_unit, form_token, sign_in

NEW_PASSWORD = "four words that rhyme"


@dataclass
class House:
    """An installation with its people in two business units, in front of their browsers."""

    database: Database
    address: str
    unit: BusinessUnitId
    other: BusinessUnitId
    ids: dict[str, UserId]
    stack: ExitStack

    def desk(self, login: str) -> Desk:
        """Seat a person in front of a browser of his own."""
        with self.database.transaction(SYSTEM) as tx:
            token = logins.start_session(tx, self.ids[login])
        return Desk(self.visitor({COOKIE: token}), token)

    def visitor(self, cookies: dict[str, str] | None = None) -> httpx.Client:
        """A browser, of nobody without cookies."""
        client = httpx.Client(
            base_url=self.address, headers={"accept": "text/html"}, cookies=cookies, trust_env=False, timeout=30
        )
        return self.stack.enter_context(client)

    def page(self, login: str) -> str:
        return f"/settings/people/{self.ids[login]}"

    def person(self, login: str) -> accounts.Person:
        with self.database.read(SYSTEM) as tx:
            return accounts.one(tx, self.ids[login])

    def told(self, login: str) -> list[str]:
        with self.database.read(SYSTEM) as tx:
            return [event.type for event in events.read_stream(tx, user_stream(self.ids[login]))]


@pytest.fixture
def house(database: Database, web_settings: Settings) -> Iterator[House]:
    with database.transaction(SYSTEM) as tx:
        unit, other = a_business_unit(tx), a_business_unit(tx, "TUL")
        staff = {
            "leo": (Role.IT, [unit]),
            "mia": (Role.IT, [unit, other]),
            "dana": (Role.BUYER, [unit]),
            "tom": (Role.APPROVER, [unit]),
            "walt": (Role.WAREHOUSE, [other]),
            "ada": (Role.AUDITOR, [unit]),
        }
        ids = {
            login: people.add(tx, people.NewPerson(login, login.title(), f"{login}@example.com"), [role], units)
            for login, (role, units) in staff.items()
        }
    with served(create_app(database, web_settings)) as address, ExitStack() as stack:
        yield House(database, address, unit, other, ids, stack)


def test_it_sees_its_people_with_roles_and_state(house: House) -> None:
    page = house.desk("leo").open("/settings/people").text

    assert "5 people may sign in." in page
    assert "Cannot sign in yet" in page
    assert "walt@example.com" not in page


@pytest.mark.parametrize(("login", "status"), [("ada", 200), ("dana", 403), ("tom", 403)])
def test_auditors_read_the_list_and_nobody_else_does(house: House, login: str, status: int) -> None:
    answer = house.desk(login).open("/settings/people")

    assert answer.status_code == status
    assert "Invite somebody" not in answer.text
    assert house.desk(login).send(f"{house.page('dana')}/end", "/account").status_code == 403


def test_somebody_is_invited_by_mail_sets_his_own_password_and_signs_in(house: House) -> None:
    leo = house.desk("leo")
    answer = leo.send(
        "/settings/people",
        name="Nora Quist",
        login="nora",
        mail="nora@example.com",
        roles="buyer",
        units=str(house.unit),
    )

    assert answer.status_code == 303
    with house.database.transaction(SYSTEM) as tx:
        (waiting,) = messages.listed(tx, ("ready",), limit=5)
        assert (waiting.kind, waiting.channel) == (MessageKind.ACCOUNT_LINK, "email")
        mail = access_links.for_mail(tx, waiting)
        assert mail is not None
        assert mail.token not in str(waiting.payload)
    visitor = house.visitor()
    token = form_token(visitor, f"/welcome/{mail.token}")
    for _ in range(3):
        assert "Nora Quist" in visitor.get(f"/welcome/{mail.token}").text
    form = {"csrf_token": token, "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert visitor.post(f"/welcome/{mail.token}", data=form).headers["location"] == "/sign-in"
    assert visitor.post(f"/welcome/{mail.token}", data=form).status_code == 410
    assert sign_in(visitor, "nora", NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "login": "x", "mail": "x@example.com"}, "Fill this in."),
        ({"name": "Dana", "login": "Dana", "mail": "d@example.com", "roles": "buyer"}, "is taken"),
        ({"name": "X", "login": "x", "mail": "x@example.com", "roles": "supplier"}, "suppliers are no members of staff"),
        ({"name": "X", "login": "x", "mail": "x@example.com", "units": ""}, "name both"),
    ],
)
def test_what_cannot_be_is_said_beside_the_form(house: House, fields: dict[str, str], said: str) -> None:
    given = {"units": str(house.unit), "roles": "buyer", **fields}
    given = {name: value for name, value in given.items() if name != "units" or value}

    answer = house.desk("leo").send("/settings/people", **given)

    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize("new", [("short", "short"), (NEW_PASSWORD, "another one entirely")])
def test_a_password_that_is_short_or_mistyped_leaves_the_link_open(house: House, new: tuple[str, str]) -> None:
    with house.database.transaction(SYSTEM) as tx:
        link = access_links.make_link(tx, house.ids["dana"])
    visitor = house.visitor()
    token = form_token(visitor, f"/welcome/{link}")

    answer = visitor.post(f"/welcome/{link}", data={"csrf_token": token, "new": new[0], "again": new[1]})

    assert answer.status_code == 422
    assert visitor.get(f"/welcome/{link}").status_code == 200


def test_a_newer_link_ends_the_older_one_and_links_run_out(house: House) -> None:
    with house.database.transaction(SYSTEM) as tx:
        older = access_links.make_link(tx, house.ids["dana"])
        newer = access_links.make_link(tx, house.ids["dana"])
    visitor = house.visitor()

    assert visitor.get(f"/welcome/{older}").status_code == 410
    assert visitor.get(f"/welcome/{newer}").status_code == 200
    with house.database.transaction(SYSTEM) as tx:
        account_links.close_all(tx, house.ids["dana"])
    assert visitor.get(f"/welcome/{newer}").status_code == 410
    assert visitor.get("/welcome/nothing").status_code == 410


def test_whose_access_ends_is_out_with_the_next_click(house: House) -> None:
    dana = house.desk("dana")
    assert dana.open("/account").status_code == 200

    assert house.desk("leo").send(f"{house.page('dana')}/end", house.page("dana")).status_code == 303

    assert dana.open("/account").status_code == 303
    assert house.person("dana").active is False
    assert house.told("dana")[-1] == "user.access_ended"
    assert house.desk("leo").send(f"{house.page('dana')}/restore", house.page("dana")).status_code == 303
    assert house.person("dana").active


def test_new_roles_hold_at_once_and_end_open_sessions(house: House) -> None:
    dana = house.desk("dana")

    house.desk("leo").send(f"{house.page('dana')}/roles", house.page("dana"), roles="auditor", units=str(house.unit))

    assert dana.open("/account").status_code == 303
    assert house.person("dana").roles == {Role.AUDITOR}
    assert house.told("dana")[-1] == "user.roles_set"


@pytest.mark.parametrize("act", ["roles", "end", "invite", "unlock", "restore", "details", "approval-roles"])
def test_nobody_changes_his_own_rights(house: House, act: str) -> None:
    fields = {"roles": "approver", "units": str(house.unit), "unit": str(house.unit), "role": "cfo", "name": "Boss"}

    answer = house.desk("leo").send(f"{house.page('leo')}/{act}", "/account", **fields)

    assert answer.status_code == 403
    assert "Nobody changes his own rights" in answer.text
    assert house.person("leo").roles == {Role.IT}


def test_a_second_account_of_the_same_person_is_the_same_person(house: House) -> None:
    with house.database.transaction(SYSTEM) as tx:
        twin = logins.add_user(tx, "leo2", "Leo again", person_key=house.person("leo").person_key)
    house.ids["leo2"] = twin

    answer = house.desk("leo").send(f"{house.page('leo2')}/roles", "/account", roles="approver", units=str(house.unit))

    assert answer.status_code == 403


def test_people_of_another_unit_are_out_of_reach_and_rights_do_not_leave_ones_own_units(house: House) -> None:
    leo = house.desk("leo")

    assert leo.open(house.page("walt")).status_code == 404
    assert leo.send(f"{house.page('walt')}/end", "/account").status_code == 403
    assert leo.send(f"{house.page('dana')}/roles", "/account", roles="buyer", units=str(house.other)).status_code == 403
    assert leo.open(f"/settings/people/{UUID(int=7)}").status_code == 404


def test_the_last_who_manages_people_cannot_be_let_go(house: House) -> None:
    with house.database.transaction(SYSTEM) as tx:
        people.end_access(tx, house.ids["leo"])
    with house.database.transaction(SYSTEM) as tx, pytest.raises(LastAdministrator):
        people.end_access(tx, house.ids["mia"])


def test_an_approval_role_is_given_and_taken(house: House) -> None:
    leo, page = house.desk("leo"), house.page("tom")
    where = {"unit": str(house.unit), "role": "line_manager"}

    given = leo.send(f"{page}/approval-roles", page, **where, category="pumps")
    with house.database.read(SYSTEM) as tx:
        held = approvers.approval_roles(tx)
    taken = leo.send(f"{page}/approval-roles/remove", page, **where, category="pumps")

    assert (given.status_code, taken.status_code) == (303, 303)
    assert [(each.role, each.category, each.holders) for each in held] == [("line_manager", "pumps", (house.ids["tom"],))]
    with house.database.read(SYSTEM) as tx:
        assert approvers.approval_roles(tx) == []
    assert leo.send(f"{page}/approval-roles", page, unit=str(house.unit), role="king").status_code == 422
    assert leo.send(f"{page}/approval-roles", page, unit=str(house.other), role="cfo").status_code == 404
    assert leo.send(f"{house.page('dana')}/approval-roles", page, **where).status_code == 403


def test_ten_wrong_passwords_in_a_row_let_the_account_rest_until_it_is_let_in_again(house: House) -> None:
    with house.database.transaction(SYSTEM) as tx:
        people.set_password(tx, house.ids["dana"], NEW_PASSWORD)
    visitor = house.visitor()
    answers = [sign_in(visitor, "dana", "wrong") for _ in range(10)]

    assert {answer.status_code for answer in answers} == {401}
    assert sign_in(visitor, "dana", NEW_PASSWORD).status_code == 401
    assert "Rests after wrong tries" in house.desk("leo").open(house.page("dana")).text
    house.desk("leo").send(f"{house.page('dana')}/unlock", house.page("dana"))
    assert sign_in(visitor, "dana", NEW_PASSWORD).status_code == 303
    assert {"user.locked", "user.unlocked"} <= set(house.told("dana"))


def test_asking_for_a_link_tells_nothing_about_who_there_is(house: House) -> None:
    visitor = house.visitor()
    answers = []
    for login in ("dana", "nobody"):
        token = form_token(visitor, "/forgotten")
        answers.append(visitor.post("/forgotten", data={"csrf_token": token, "login": login}))

    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, "/sign-in")] * 2
    with house.database.read(SYSTEM) as tx:
        assert len(messages.listed(tx, ("ready",), limit=5)) == 1


def test_a_person_changes_his_password_and_ends_his_other_sessions(house: House) -> None:
    with house.database.transaction(SYSTEM) as tx:
        people.set_password(tx, house.ids["dana"], NEW_PASSWORD)
    dana, elsewhere = house.desk("dana"), house.desk("dana")
    assert "You are signed in here and in 1 more browser." in dana.open("/account").text

    ended = dana.send("/account/sessions/end", "/account")
    wrong = dana.send("/account/password", "/account", old="wrong", new="a new one entirely", again="a new one entirely")
    short = dana.send("/account/password", "/account", old=NEW_PASSWORD, new="short", again="short")
    changed = dana.send("/account/password", "/account", old=NEW_PASSWORD, new="a new one entirely", again="a new one entirely")

    assert (ended.status_code, wrong.status_code, short.status_code, changed.status_code) == (303, 422, 422, 303)
    assert elsewhere.open("/account").status_code == 303
    assert changed.cookies[COOKIE] != dana.token
    assert house.visitor({COOKIE: changed.cookies[COOKIE]}).get("/account").status_code == 200
    assert house.told("dana")[-2:] == ["user.sessions_ended", "user.password_set"]


def test_details_are_changed_and_only_their_names_are_told(house: House) -> None:
    page = house.page("dana")

    saved = house.desk("leo").send(f"{page}/details", page, name="Dana Renamed", mail="new@example.com", language="en")
    wrong = house.desk("leo").send(f"{page}/details", page, name=" ", mail="", language="en")

    assert (saved.status_code, wrong.status_code) == (303, 422)
    assert (house.person("dana").name, house.person("dana").mail) == ("Dana Renamed", "new@example.com")
    with house.database.read(SYSTEM) as tx:
        (*_, last) = events.read_stream(tx, user_stream(house.ids["dana"]))
    assert "Renamed" not in str(last.payload)
