"""Decision tables on pages: what is in force, in words and as a grid, what changed, and what a draft would prove."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from purveyor.app import policy
from purveyor.core.access import SYSTEM
from purveyor.core.policy.reading import read_table
from purveyor.store import policies
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.policies import Publication
from tests.policies import FOLDER, shipped_tables
from tests.web.browser import look_around
from tests.web.desks import hidden_fields
from tests.web.dock_world import World
from tests.web.one_world import a_shared_dock_world

pytestmark = pytest.mark.postgres
MATRIX = (FOLDER / "approval_matrix.toml").read_text("utf-8")
TOMORROW = MATRIX.replace('"5000"', '"6000"')


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shipped tables in force, and another approval matrix from tomorrow on."""
    with a_shared_dock_world(postgres, template, tmp_path_factory.mktemp("policies")) as opened:
        with opened.database.transaction(SYSTEM) as tx:
            later = policy.LoadPolicies({"matrix.toml": TOMORROW}, "ann", "bob", effective_from=tx.now + timedelta(days=1))
            policy.load(tx, later)
        yield opened


def matrix_versions(world: World) -> list[Publication]:
    with world.database.read(SYSTEM) as tx:
        return policies.publications(tx, "approval_matrix")


def proved(world: World, text: str, file: bytes | None = None) -> tuple[int, str]:
    """Send a draft of the approval matrix and return the answer."""
    path = "/policies/approval_matrix/draft"
    carried = hidden_fields(world.buyer.open(path).text, path)
    files = {"file": ("draft.toml", file or b"")}
    answer = world.buyer.visitor.post(path, data={**carried, "content": text}, files=files)
    return answer.status_code, answer.text


def test_the_list_names_every_table_with_its_rows_version_and_two_people(world: World) -> None:
    page = world.auditor.open("/policies").text

    with world.database.read(SYSTEM) as tx:
        in_force = policies.in_force(tx, tx.now)
    assert len(in_force) == len(shipped_tables())
    for published in in_force.values():
        assert f'href="/policies/{published.table}"' in page
        assert published.version[:12] in page
        assert f"{published.author}, {published.publisher}" in page


def test_a_table_is_shown_in_words_and_as_a_grid(world: World) -> None:
    page = world.buyer.open("/policies/approval_matrix").text

    assert "For amount from 5,000.00 USD to below 25,000.00 USD → chain: line manager" in page
    assert "For amount below 25,000.00 USD and category chemicals → chain: category manager" in page
    assert "from 5,000.00 USD to below 25,000.00 USD</div>" in page
    assert "not yet in force" in page


@pytest.mark.parametrize("table", shipped_tables(), ids=lambda table: table.key)
def test_every_shipped_table_can_be_read_and_taken_away(world: World, table: object) -> None:
    found = next(each for each in shipped_tables() if each is table)

    page = world.buyer.open(f"/policies/{found.key}")
    rows = list(csv.reader(io.StringIO(world.buyer.open(f"/policies/{found.key}/table.csv").content.decode("utf-8-sig"))))

    assert page.status_code == 200
    assert [row[0] for row in rows] == ["id", *(row.id for row in found.rows)]


def test_two_versions_are_compared_in_words_per_row(world: World) -> None:
    new, old = matrix_versions(world)

    page = world.buyer.open(f"/policies/approval_matrix/compare?before={old.version}&after={new.version}").text

    assert "2 differences." in page
    assert "A1: amount below 5,000 became below 6,000" in page
    assert "A2: amount from 5,000 to below 25,000 became from 6,000 to below 25,000" in page


def test_the_text_of_a_version_gives_that_version_again(world: World) -> None:
    new, old = matrix_versions(world)

    texts = [world.buyer.open(f"/policies/approval_matrix/table.toml?version={one.version}").text for one in (new, old)]

    assert [read_table(text, "downloaded").version for text in texts] == [new.version, old.version]
    assert world.buyer.open("/policies/approval_matrix/table.toml").text == MATRIX


def test_a_draft_shows_its_proof_and_its_changes_and_is_not_saved(world: World) -> None:
    before = matrix_versions(world)

    whole = proved(world, MATRIX.replace('"5000"', '"7000"'))
    gap = proved(world, MATRIX.replace('below = "5000"', 'below = "4000"'))
    by_file = proved(world, MATRIX, TOMORROW.encode())

    assert whole[0] == 200
    assert "The proof holds" in whole[1]
    assert "below 5,000 became below 7,000" in whole[1]
    assert "purveyor policy load" in whole[1]
    assert "The proof does not hold" in gap[1]
    assert "Combinations that no row decides" in gap[1]
    assert "below 5,000 became below 6,000" in by_file[1]
    assert matrix_versions(world) == before


def test_a_draft_that_cannot_be_read_names_row_and_cell(world: World) -> None:
    status, page = proved(world, MATRIX.replace('{ below = "5000" }', '{ below = "5,000" }'))

    assert status == 422
    assert "<code>A1</code>" in page
    assert "without thousands separators" in page
    assert proved(world, "", b"\xff\xfe")[0] == 422


def test_a_draft_with_too_many_combinations_is_not_proved_while_somebody_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("purveyor.web.policies.routes.MOST_PROVED", 1)

    assert "too large to prove while you wait" in proved(world, MATRIX)[1]


def test_unknown_tables_and_versions_are_not_found(world: World) -> None:
    paths = ("/policies/nothing", "/policies/approval_matrix?version=0", "/policies/nothing/draft")

    assert [world.buyer.open(path).status_code for path in paths] == [404, 404, 404]


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_pages_of_policies_read_well_for_everybody(browser: Browser, world: World) -> None:
    new, old = matrix_versions(world)
    base = str(world.buyer.visitor.base_url).rstrip("/")
    paths = {
        "policies": "/policies",
        "policy": "/policies/approval_matrix",
        "policy-compare": f"/policies/approval_matrix/compare?before={old.version}&after={new.version}",
        "policy-draft": "/policies/approval_matrix/draft",
    }
    for name, path in paths.items():
        for look in look_around(browser, f"{base}{path}", name, world.buyer.cookies):
            look.assert_good()
