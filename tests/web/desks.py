"""People at their desks in front of a running installation, for tests of pages: signed in without passwords, forms filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from purveyor.core.access import SYSTEM, Actor
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.app.people import user
from tests.web.browser import served

COOKIE = "purveyor"
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')


@dataclass
class Desk:
    """One person in front of his own browser."""

    visitor: httpx.Client
    token: str

    def open(self, path: str) -> httpx.Response:
        """Open a page."""
        return self.visitor.get(path)

    def send(self, path: str, seen_on: str | None = None, **fields: str) -> httpx.Response:
        """Fill in the form of a page that goes to ``path`` and send it; ``seen_on`` is the page when it has another address."""
        carried = hidden_fields(self.visitor.get(seen_on or path).text, path)
        return self.visitor.post(path, data={**carried, **fields})

    @property
    def cookies(self) -> dict[str, str]:
        """The cookie that signs this person in."""
        return {COOKIE: self.token}


def hidden_fields(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form of a page that goes to an address; of the last form when none does."""
    forms = [part.partition("</form>")[0] for part in page.split("<form")[1:]]
    fitting = [part for part in forms if f'action="{action}"' in part] or forms
    return dict(_HIDDEN.findall(fitting[-1])) if fitting else {}


def sessions(database: Database, *people: Actor) -> list[str]:
    """Sign people in and return the tokens of their browsers."""
    with database.transaction(SYSTEM) as tx:
        return [logins.start_session(tx, user(person)) for person in people]


@contextmanager
def desks(database: Database, settings: Settings, *people: Actor) -> Iterator[list[Desk]]:
    """Serve the application and seat people in front of it, each in a browser of his own."""
    with served(create_app(database, settings)) as address:
        seated = [_seat(address, token) for token in sessions(database, *people)]
        try:
            yield seated
        finally:
            for desk in seated:
                desk.visitor.close()


def _seat(address: str, token: str) -> Desk:
    visitor = httpx.Client(
        base_url=address, headers={"accept": "text/html"}, cookies={COOKIE: token}, trust_env=False, timeout=30
    )
    return Desk(visitor, token)
