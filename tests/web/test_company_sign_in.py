"""Signing in at the company's own provider: whom it lets in, and every answer of a provider that is not believed (S/17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from purveyor.app import people
from purveyor.core.access import SYSTEM, Role
from purveyor.core.errors import InvalidInput
from purveyor.core.events.account import user_stream
from purveyor.core.ids import UserId
from purveyor.settings import Settings
from purveyor.store import events, logins
from purveyor.store import people as accounts
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.connectors.identity_provider import CLIENT, SECRET, Provider, signed_with_the_public_key, unsigned
from tests.web.browser import PATIENCE, served
from tests.web.people import a_business_unit


@dataclass
class House:
    """An installation beside its provider; Dana is invited, nobody signed in."""

    database: Database
    provider: Provider
    visitor: httpx.Client
    dana: UserId

    def sign_in(self) -> httpx.Response:
        """Go to the provider and come back with what it answers."""
        there = self.visitor.get("/sign-in/company", params={"next": "/account"})
        back = httpx.get(there.headers["location"], trust_env=False, timeout=PATIENCE).headers["location"]
        return self.visitor.get(back)

    def person(self, login: str) -> accounts.Person | None:
        with self.database.read(SYSTEM) as tx:
            user_id = logins.user_id_of(tx, login)
            return None if user_id is None else accounts.one(tx, user_id)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.stop()


@pytest.fixture
def house(database: Database, provider: Provider, web_settings: Settings, tmp_path: Path) -> Iterator[House]:
    fresh = {"sub": "u-1", "email": "dana@example.com", "email_verified": True, "name": "Dana"}
    provider.person, provider.bend, provider.forge = fresh, lambda _claims: None, None
    (tmp_path / "secret").write_text(SECRET, "utf-8")
    (tmp_path / "identity.toml").write_text(
        f'''
        issuer = "{provider.issuer}"
        client_id = "{CLIENT}"
        client_secret_file = "{tmp_path / "secret"}"
        allowed_domains = ["trusted.example"]
        [[group]]
        name = "buying"
        roles = ["buyer"]
        business_units = ["DAY"]
        [[group]]
        name = "approving"
        roles = ["approver"]
        business_units = ["DAY"]
        ''',
        "utf-8",
    )
    provider.person["groups"] = ["buying", "golf"]
    with database.transaction(SYSTEM) as tx:
        dana = people.add(tx, people.NewPerson("dana", "Dana", "Dana@example.com"), [Role.BUYER], [a_business_unit(tx)])
    settings = replace(web_settings, identity_file=tmp_path / "identity.toml")
    app = create_app(database, settings)
    with served(app) as address:
        app.state.settings = replace(settings, base_url=address)
        with httpx.Client(base_url=address, headers={"accept": "text/html"}, trust_env=False, timeout=30) as visitor:
            yield House(database, provider, visitor, dana)


def test_an_invited_person_comes_in_and_is_known_by_her_subject_from_then_on(house: House) -> None:
    assert "Sign in with your company" in house.visitor.get("/sign-in").text

    answer = house.sign_in()

    assert answer.headers["location"] == "/account"
    assert "Dana" in house.visitor.get("/account").text
    house.provider.person["email"] = "married@example.com"
    assert house.sign_in().headers["location"] == "/account"
    with house.database.read(SYSTEM) as tx:
        told = [event.type for event in events.read_stream(tx, user_stream(house.dana))]
    assert told.count("user.identity_linked") == 1


def test_groups_rule_the_roles_at_each_sign_in(house: House) -> None:
    house.sign_in()
    house.provider.person["groups"] = ["approving"]
    house.sign_in()

    dana = house.person("dana")

    assert dana is not None
    assert dana.roles == {Role.APPROVER}
    house.provider.person["groups"] = []
    assert house.sign_in().headers["location"] == "/sign-in"


def test_people_of_a_trusted_domain_need_no_invitation_and_others_do(house: House) -> None:
    house.provider.person |= {"sub": "u-2", "email": "nora@trusted.example"}
    assert house.sign_in().headers["location"] == "/account"
    house.provider.person |= {"sub": "u-3", "email": "eve@elsewhere.example"}
    assert house.sign_in().headers["location"] == "/sign-in"

    nora = house.person("nora@trusted.example")

    assert nora is not None
    assert nora.roles == {Role.BUYER}
    assert house.person("eve@elsewhere.example") is None


def test_a_second_subject_cannot_take_over_an_account_by_its_mail_address(house: House) -> None:
    house.sign_in()
    house.provider.person["sub"] = "u-9"

    assert house.sign_in().headers["location"] == "/sign-in"


def test_whose_access_ended_is_not_let_in_by_the_provider_either(house: House) -> None:
    house.sign_in()
    with house.database.transaction(SYSTEM) as tx:
        people.end_access(tx, house.dana)

    assert house.sign_in().headers["location"] == "/sign-in"


def _bent(**claims: Any) -> Callable[[dict[str, Any]], None]:
    return lambda known: known.update(claims)


LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "another audience": _bent(aud="somebody else"),
    "another issuer": _bent(iss="https://evil.example"),
    "expired": _bent(exp=1_700_000_000),
    "another nonce": _bent(nonce="planted"),
    "no nonce": lambda claims: claims.pop("nonce") and None,
    "no subject": lambda claims: claims.pop("sub") and None,
    "no expiry": lambda claims: claims.pop("exp") and None,
    "made for another client": _bent(azp="somebody else"),
    "a mail address nobody vouches for": _bent(email_verified=False),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_lets_nobody_in(house: House, lie: str) -> None:
    house.provider.bend = LIES[lie]

    assert house.sign_in().headers["location"] == "/sign-in"
    assert house.visitor.get("/account").status_code == 303


def test_a_token_without_a_trustworthy_signature_lets_nobody_in(house: House) -> None:
    provider, stranger = house.provider, RSAKey.generate_key(2048, auto_kid=True)
    forgeries: list[Callable[[dict[str, Any]], str]] = [
        unsigned,
        lambda claims: signed_with_the_public_key(provider, claims),
        lambda claims: provider.sign(claims, kid="unknown"),
        lambda claims: _signed_by(stranger, provider, claims),
        lambda claims: provider.sign(claims)[:-6] + "AAAAAA",
        lambda _claims: "no token at all",
    ]
    provider.asked.clear()
    for forgery in forgeries:
        provider.forge = forgery

        assert house.sign_in().headers["location"] == "/sign-in"
    assert provider.asked.count("/keys") <= 3


def _signed_by(stranger: RSAKey, provider: Provider, claims: dict[str, Any]) -> str:
    honest, provider.key = provider.key, stranger
    try:
        return provider.sign(claims, kid=honest.kid)
    finally:
        provider.key = honest


def test_an_answer_nobody_asked_for_is_refused(house: House) -> None:
    there = house.visitor.get("/sign-in/company").headers["location"]
    back = httpx.get(there, trust_env=False, timeout=PATIENCE).headers["location"]
    fixed = back.partition("?")[0]

    assert house.visitor.get(f"{fixed}?code=x&state=planted").headers["location"] == "/sign-in"
    assert house.visitor.get(back).headers["location"] == "/sign-in"
    assert httpx.get(back, trust_env=False, timeout=PATIENCE).headers["location"] == "/sign-in"


def test_without_a_provider_there_is_no_such_page_and_a_wrong_file_is_named(
    database: Database, web_settings: Settings, tmp_path: Path
) -> None:
    with served(create_app(database, web_settings)) as address:
        assert httpx.get(f"{address}/sign-in/company", trust_env=False, timeout=PATIENCE).status_code == 404
    (tmp_path / "identity.toml").write_text('issuer = "x"', "utf-8")
    with pytest.raises(InvalidInput, match="client_id"):
        create_app(database, replace(web_settings, identity_file=tmp_path / "identity.toml"))
