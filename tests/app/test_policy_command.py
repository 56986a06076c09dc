"""``purveyor policy``: files are loaded with two names and listed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from purveyor.cli.main import app
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import RUNTIME
from tests.policies import FOLDER, shipped_policies

pytestmark = pytest.mark.postgres


@pytest.fixture
def environment(postgres: EmbeddedServer, database_name: str) -> dict[str, str]:
    """The environment of a command that works on the test's database."""
    return {"DATABASE_URL": postgres.url(RUNTIME, database_name), "PURVEYOR_POLICIES_DIR": str(FOLDER)}


def test_policies_are_loaded_from_the_configured_folder_and_listed(environment: dict[str, str]) -> None:
    loaded = CliRunner().invoke(app, ["policy", "load", "--author", "ann", "--publisher", "bob"], env=environment)
    listed = CliRunner().invoke(app, ["policy", "list"], env=environment)

    assert shipped_policies().hash[:12] in loaded.output
    assert len(listed.stdout.splitlines()) == len(shipped_policies().tables)
    assert "ann, published by bob" in listed.output


def test_one_person_alone_is_refused_with_a_sentence(environment: dict[str, str]) -> None:
    refused = CliRunner().invoke(app, ["policy", "load", "--author", "ann", "--publisher", "ann"], env=environment)

    assert refused.exit_code == 1
    assert "another person than its author" in refused.output
