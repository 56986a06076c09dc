"""Every form on every page that links lead to: sent by a plain browser, reached by the keyboard, each control named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest

from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import visited
from tests.web.people import sign_in
from tests.web.story_data import a_story

MOST_PAGES = 60
NOT_PAGES = (".csv", ".xlsx", ".json")


@dataclass
class Page(HTMLParser):
    """What a page holds that matters to a keyboard: forms, their buttons and controls, labels, ids and links."""

    complaints: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)
    controls: list[dict[str, str]] = field(default_factory=list)
    form: dict[str, str] | None = None
    buttons: int = 0
    fields: int = 0
    in_label: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what stands here."""
        given = {name: value or "" for name, value in attrs}
        self.ids.update([given["id"]] if "id" in given else [])
        if given.get("tabindex", "0").startswith("-") and given.get("id") != "main":
            self.complaints.append(f"{tag} is out of reach of the keyboard: {given}")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self.form, self.buttons, self.fields = given, 0, 0
            if given.get("method") not in ("get", "post") or not given.get("action", "").startswith("/"):
                self.complaints.append(f"a form without an address of its own: {given}")
        if tag == "label":
            self.in_label = True
            self.labels.update([given["for"]] if "for" in given else [])
        if tag == "button" and given.get("type", "submit") == "submit":
            self.buttons += 1
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields += 1
            self.controls += [] if self.in_label else [given]

    def handle_endtag(self, tag: str) -> None:
        """Close a label or a form."""
        if tag == "label":
            self.in_label = False
        if tag == "form":
            if not self.buttons and self.fields != 1:  # Enter sends a form of one field
                self.complaints.append(f"a form without a button: {self.form}")
            self.form = None

    def faults(self) -> list[str]:
        """Everything that keeps somebody from using a form, or makes a label point at two controls."""
        unnamed = [each for each in self.controls if each.get("id") not in self.labels and "aria-label" not in each]
        twice = [name for name, times in self.ids.items() if times > 1]
        return [*self.complaints, *(f"no label: {each}" for each in unnamed), *(f"id twice: {name}" for name in twice)]


def read(visitor: httpx.Client, path: str) -> Page:
    """Read one page."""
    page = Page()
    page.feed(visitor.get(path).text)
    return page


@pytest.mark.parametrize("login", ["carl", "wendy", "ines"])
def test_every_form_is_sent_without_scripts_and_every_control_has_its_name(
    database: Database, web_settings: Settings, login: str
) -> None:
    a_story(database)
    faults: dict[str, list[str]] = {}
    forms = 0
    with visited(create_app(database, web_settings)) as visitor:
        assert sign_in(visitor, login).status_code == 303
        waiting, seen = ["/"], {"/"}
        while waiting and len(seen) <= MOST_PAGES:
            path = waiting.pop(0)
            page = read(visitor, path)
            forms += len(page.controls)
            faults |= {path: page.faults()} if page.faults() else {}
            ahead = [link for link in page.links if link.startswith("/") and not urlsplit(link).path.endswith(NOT_PAGES)]
            fresh = [link for link in dict.fromkeys(link.partition("#")[0] for link in ahead) if link not in seen]
            waiting += fresh
            seen.update(fresh)

    assert faults == {}
    assert forms > 0
