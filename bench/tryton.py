"""Tryton's own pace on this machine: three-line orders created and confirmed in process, the yardstick for ours.

The seed is built once by the scripts of the demo ERP and then found; without its environment there is nothing to compare with.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = ROOT / ".venv-tryton" / "bin" / "python"
SCRIPTS: Final = ROOT / "erp-demo" / "tryton"


def orders_a_second() -> float | None:
    """Return how many orders a second Tryton itself confirms; None where its environment is not installed."""
    if not PYTHON.exists():
        return None
    seed = _said([str(SCRIPTS / "build_seed.py")]).splitlines()[-1].strip()
    said = json.loads(_said([str(SCRIPTS / "bench_confirm.py"), "--seed", seed]).splitlines()[-1])
    return float(said["orders"]) / float(said["seconds"])


def _said(command: list[str]) -> str:
    return subprocess.run([str(PYTHON), *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout
