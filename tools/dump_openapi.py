"""Write the description of the API to docs/reference/openapi.json; ``python -m tools.dump_openapi`` after a change of it.

A test compares the file with what the application says, so that no change of the API goes unseen.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app

GOLDEN: Final = Path(__file__).resolve().parents[1] / "docs" / "reference" / "openapi.json"
NO_DATABASE: Final = "postgresql://nobody@127.0.0.1:1/none"
"""Connections are made when they are used; the description uses none."""


def description() -> str:
    """Return the description of the API as it is kept in the repository."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Database(NO_DATABASE), Settings(data_dir=Path(folder)))
        return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(description(), encoding="utf-8")
