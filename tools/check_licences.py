"""Fail when a package that Purveyor ships with has a licence that would bind Purveyor's own code, or one nobody looked at.

Reads the names in requirements/runtime.lock and the licence each installed package states. Packages under the LGPL are used
unchanged as libraries and allowed by name (docs/decisions/licences.md). Run as ``python -m tools.check_licences``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).resolve().parents[1] / "requirements" / "runtime.lock"
LESSER_GPL_BY_NAME: Final = frozenset({"psycopg", "psycopg-binary", "psycopg-pool"})
OTHER_PLATFORMS: Final = frozenset({"colorama", "tzdata"})
"""Packages the lock file keeps for Windows only: BSD-3-Clause and Apache-2.0."""

LESSER: Final = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)
BINDING: Final = re.compile(r"\bA?GPL|(?<!Lesser )General Public License|Affero|SSPL|BUSL|Commons Clause", re.IGNORECASE)
FREE: Final = re.compile(r"MIT|BSD|Apache|ISC|MPL|Mozilla Public|PSF|Python Software Foundation", re.IGNORECASE)


def locked_names(lock: str) -> list[str]:
    """Return the names of the packages in a lock file."""
    return sorted({found.group(1).lower() for found in re.finditer(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", lock, re.MULTILINE)})


def stated(package: PackageMetadata) -> str:
    """Return what a package says about its licence: the expression, else the short field and the classifiers."""
    expression, short = _field(package, "License-Expression"), _field(package, "License").partition("\n")[0]
    entries = package.get_all("Classifier") or []
    classifiers = [entry.rpartition("::")[2].strip() for entry in entries if entry.startswith("License")]
    return expression or "; ".join(text for text in (short, *classifiers) if text)


def _field(package: PackageMetadata, name: str) -> str:
    values: list[str] = package.get_all(name) or [""]
    return values[0]


def objection(name: str, licence: str) -> str | None:
    """Return why a package may not be shipped under this licence, None when it may."""
    if LESSER.search(licence):
        return None if name in LESSER_GPL_BY_NAME else f"{name}: {licence} is allowed for named packages only"
    if BINDING.search(licence):
        return f"{name}: {licence} would bind Purveyor's own code"
    return None if FREE.search(licence) else f"{name}: nobody looked at the licence {licence or '(none stated)'} yet"


def objections(names: list[str]) -> Iterator[str]:
    """Yield an objection per package that may not be shipped or is not installed."""
    for name in names:
        try:
            found = objection(name, stated(metadata(name)))
        except PackageNotFoundError:
            found = None if name in OTHER_PLATFORMS else f"{name}: is in the lock file but not installed"
        if found is not None:
            yield found


def main() -> int:
    """Print what stands against shipping and return 1 if anything does."""
    names = locked_names(LOCK.read_text("utf-8"))
    against = list(objections(names))
    print("\n".join(against) if against else f"Licences: all {len(names)} packages of the runtime may be shipped.")
    return 1 if against else 0


if __name__ == "__main__":
    sys.exit(main())
