"""What holds for every page and every answer: headers, templates without inline code, colours people can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from purveyor.settings import InvalidSettings, Settings
from purveyor.web import templating
from purveyor.web.csp import CONTENT_SECURITY_POLICY
from purveyor.web.main import PARTS
from purveyor.web.portal.door import link_form
from purveyor.web.security import SAFE_METHODS, check_form, guard_of
from tests.web.browser import visited
from tests.web.gallery import PART as GALLERY
from tests.web.gallery import gallery_app

WEB = templating.HERE
TEMPLATES = sorted(WEB.rglob("*.html"))
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|hx-on|javascript:|\bjs:", re.IGNORECASE)


@pytest.fixture
def client(web_settings: Settings) -> Iterator[httpx.Client]:
    """A visitor of a served application with the gallery and without a database."""
    with visited(gallery_app(web_settings)) as visitor:
        yield visitor


@pytest.mark.parametrize(
    "path", ["/gallery", "/nowhere", "/static/app.css", "/static/none.css", "/v1/openapi.json", "/readyz", "/livez"]
)
def test_every_answer_carries_the_policy_that_forbids_foreign_and_inline_code(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
def test_templates_hold_no_inline_script_or_style(template: Path) -> None:
    assert INLINE.findall(template.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
def test_templates_compile(template: Path) -> None:
    assert templating.environment_for("en").get_template(str(template.relative_to(WEB))) is not None


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = (templating.STATIC / "vendor" / "icons.svg").read_text(encoding="utf-8")
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    sources = "".join(path.read_text(encoding="utf-8") for path in [*TEMPLATES, WEB / "words.py"])
    named = set(re.findall(r'icon\("([a-z0-9-]+)"\)', sources)) | set(re.findall(r'Word\(.*, "([a-z0-9-]+)"\)', sources))

    assert named - known == set()


def test_static_files_are_kept_and_pages_are_not(client: httpx.Client) -> None:
    assert client.get(templating.static_address("app.css")).headers["cache-control"].endswith("immutable")
    assert client.get("/gallery").headers["cache-control"] == "no-store"


def test_every_page_that_changes_something_checks_the_form_token() -> None:
    routers = [router for part in (*PARTS, GALLERY) for router in part.routers]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    changing = [r for r in routes if not r.path.startswith("/v1/") and not (r.methods or set()) <= SAFE_METHODS]

    assert changing, "the gallery and the sign-in page have forms"
    checks = {check_form, link_form}  # the supplier's page has no cookies: its token is bound to the link
    assert [r.path for r in changing if not checks & {d.call for d in r.dependant.dependencies}] == []


def test_a_person_signs_in_over_an_encrypted_connection_only(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        guard_of(Settings(data_dir=tmp_path, base_url="http://purveyor.example"))

    assert guard_of(Settings(data_dir=tmp_path, base_url="https://purveyor.example")).cookie == "__Host-purveyor"


def test_htmx_gets_the_named_block_alone_and_a_reader_without_scripts_the_whole_page(client: httpx.Client) -> None:
    whole = client.get("/gallery").text
    block = client.get("/gallery", headers={"HX-Request": "true", "HX-Target": "div#orders-table"}).text

    assert "<html" in whole
    assert block.strip().startswith('<div id="orders-table">')
    assert "<html" not in block
    assert "PV00012C" in block


def test_the_sort_order_is_in_the_address_and_an_unknown_one_is_refused(client: httpx.Client) -> None:
    assert 'aria-sort="ascending"' in client.get("/gallery?sort=amount").text

    refused = client.get("/gallery?sort=budget", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
