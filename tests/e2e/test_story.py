"""The whole story on real processes and channels, as `make demo-once` plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRYTON = ROOT / ".venv-tryton" / "bin" / "python"

pytestmark = [pytest.mark.long, pytest.mark.tryton, pytest.mark.timeout(900)]


@pytest.mark.skipif(
    not TRYTON.exists() and not os.environ.get("PURVEYOR_NO_SKIP"),
    reason="the Tryton environment is missing: make .venv-tryton/.ready",
)
def test_one_purchase_order_goes_from_a_real_erp_to_closed_with_every_figure_of_the_story() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "purveyor", "demo", "--once"], cwd=ROOT, capture_output=True, text=True, timeout=850, check=False
    )

    written = json.loads((ROOT / "build" / "demo.json").read_text("utf-8"))
    wrong = [step for step in written["steps"] if not step["ok"]]
    assert wrong == [], done.stdout[-3000:] + done.stderr[-3000:]
    assert written["ok"]
    assert written["chain_verified"]
    assert done.returncode == 0
    assert len(written["steps"]) >= 24
