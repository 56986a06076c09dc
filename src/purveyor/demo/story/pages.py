"""Pages as people use them: open an address, fill the form that is there, send it. No scripts, no knowledge of hidden fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from purveyor.core.errors import PurveyorError


class PageSaidNo(PurveyorError):
    """A page of the demo did not answer as the story expects."""

    code = "page_said_no"


@dataclass
class Form:
    """A form on a page: where it goes and what stands in its fields already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._open = True
        elif tag == "input" and self._open and given.get("name"):
            kind = given.get("type", "text")
            if kind in ("submit", "button") or (kind in ("radio", "checkbox") and "checked" not in given):
                return
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


class Visitor:
    """A person with a browser: keeps cookies, follows where a form leads. ``taps`` counts opened pages and sent forms."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.taps = 0
        self.text = ""
        self._client = httpx.Client(base_url=base_url, follow_redirects=True, timeout=30, trust_env=False)
        self._address = base_url

    def open(self, address: str) -> str:
        """Open a page and return its HTML; raise PageSaidNo when it is not a page."""
        self.taps += 1
        return self._keep(self._client.get(address))

    def send(self, action_ends: str, values: Mapping[str, str]) -> str:
        """Fill the form on the page whose action ends so, send it, and return the page that follows."""
        found = _Forms()
        found.feed(self.text)
        form = next((one for one in found.forms if one.action.partition("?")[0].endswith(action_ends)), None)
        if form is None:
            raise PageSaidNo(page=self._address, no_form=action_ends, forms=", ".join(one.action for one in found.forms))
        self.taps += 1
        address = urljoin(self._address, form.action)
        headers = {"origin": self.base_url, "sec-fetch-site": "same-origin"}
        return self._keep(self._client.post(address, data={**form.fields, **values}, headers=headers))

    def sign_in(self, login: str, password: str) -> None:
        """Sign in on the sign-in page."""
        self.open("/sign-in")
        self.send("/sign-in", {"login": login, "password": password})

    def close(self) -> None:
        """Close the browser."""
        self._client.close()

    def _keep(self, reply: httpx.Response) -> str:
        self.text = reply.text
        self._address = str(reply.url)
        if reply.status_code >= 400:
            raise PageSaidNo(page=self._address, status=reply.status_code, said=_words(reply.text))
        return self.text


def _words(html: str) -> str:
    class Text(HTMLParser):
        said: list[str]

        def handle_data(self, data: str) -> None:
            if data.strip():
                self.said.append(data.strip())

    reader = Text()
    reader.said = []
    reader.feed(html.partition("<main")[2] or html)
    return " ".join(reader.said)[:400]
