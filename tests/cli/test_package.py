"""The installed package has all it needs: pages, style sheets, languages, migrations and the decision tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json
from pathlib import Path

import purveyor
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app

settings = Settings(data_dir=Path("data"))
app = create_app(Database("postgresql://nobody@127.0.0.1:1/none"), settings)
print(json.dumps({
    "package": str(Path(purveyor.__file__).parent),
    "policies": str(settings.policies_dir),
    "tables": sorted(file.name for file in settings.policies_dir.glob("*.toml")),
    "routes": len(app.routes),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release would build it, unpacked into an empty folder."""
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built], cwd=ROOT, check=True, capture_output=True
    )
    (file,) = built.glob("*.whl")
    zipfile.ZipFile(file).extractall(built / "site")
    return built / "site"


def asked(wheel: Path, folder: Path) -> dict[str, Any]:
    """What the unpacked package says about itself when it is started in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def test_everything_that_is_not_code_travels_with_the_package(wheel: Path) -> None:
    source = ROOT / "src"
    wanted = {
        path.relative_to(source) for path in source.rglob("*") if path.suffix in {".html", ".css", ".js", ".svg", ".po", ".sql"}
    }

    assert {path for path in wanted if not (wheel / path).is_file()} == set()


def test_an_installation_without_tables_of_its_own_starts_from_those_of_the_package(wheel: Path, tmp_path: Path) -> None:
    answer = asked(wheel, tmp_path)

    assert answer["package"] == str(wheel / "purveyor")
    assert answer["policies"] == str(wheel / "purveyor" / "policies")
    assert answer["tables"] == sorted(file.name for file in (ROOT / "policies").glob("*.toml"))
    assert answer["routes"] > 10


def test_the_tables_of_an_installation_come_first(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "freshness.toml").touch()

    answer = asked(wheel, tmp_path)

    assert (answer["policies"], answer["tables"]) == ("policies", ["freshness.toml"])
