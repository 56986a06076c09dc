"""Copy the few third-party files that pages need out of npm tarballs, after checking every tarball's hash.

Run by a developer when a version changes, never by a build: `npm pack` the packages named below into a folder, then
`python tools/vendor_assets.py FOLDER`. The files, their licences and static/VENDORED.md are committed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).resolve().parent.parent / "src" / "purveyor" / "web" / "static"
VENDOR: Final = STATIC / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package at one version; ``files`` maps a path in the tarball to the name it gets here."""

    name: str
    version: str
    licence: str
    sha512: str
    files: dict[str, str]

    @property
    def tarball(self) -> str:
        """The file name that `npm pack` gives."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"


HTMX: Final = Package(
    "htmx.org",
    "4.0.1",
    "0BSD",
    "oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==",
    {"package/dist/htmx.min.js": "htmx.min.js", "package/LICENSE": "htmx.LICENSE.txt"},
)
TABLER: Final = Package(
    "@tabler/core",
    "1.6.1",
    "MIT",
    "lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
    {"package/dist/css/tabler.min.css": "tabler.min.css"},
)
ICONS: Final = Package(
    "@tabler/icons",
    "3.51.0",
    "MIT",
    "0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
    {"package/LICENSE": "tabler-icons.LICENSE.txt"},
)
ICONS_USED: Final = """
adjustments alert-circle alert-octagon alert-triangle api arrow-back-up arrow-down arrow-left arrow-right arrow-up
arrows-sort ban bell building building-warehouse calendar calendar-event calendar-time check checks chevron-down
chevron-left chevron-right chevron-up circle-check circle-dashed circle-dot circle-x clipboard-check clipboard-list clock
coins device-desktop dots download external-link eye file-export file-invoice file-text filter flag hand-stop
help-circle history home hourglass inbox info-circle key link list-details lock login logout mail menu-2 message
messages moon note package packages pencil player-pause player-play plug plug-off plus receipt refresh restore robot
route scale search send settings shield shield-check shopping-cart sun sunrise timeline-event trash truck truck-delivery
upload user user-check users webhook world x
"""
ICON_NAMES: Final = ICONS_USED.split()


def read(folder: Path, package: Package) -> dict[str, bytes]:
    """Return the wanted members of a package's tarball; exit when its hash is not the one written above."""
    path = folder / package.tarball
    found = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if found != package.sha512:
        sys.exit(f"{path.name}: sha512 is {found}, expected {package.sha512}")
    wanted = set(package.files)
    if package is ICONS:
        wanted |= {f"package/icons/outline/{name}.svg" for name in ICON_NAMES}
    members: dict[str, bytes] = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            source = archive.extractfile(member) if member.name in wanted else None
            if source is not None:
                members[member.name] = source.read()
    missing = wanted - set(members)
    if missing:
        sys.exit(f"{path.name}: {sorted(missing)} not in the tarball")
    return members


def sprite(members: dict[str, bytes]) -> str:
    """Join the icons into one file of symbols, so that a page loads all of them with one cached request."""
    symbols = []
    for name in ICON_NAMES:
        svg = members[f"package/icons/outline/{name}.svg"].decode()
        shapes = re.findall(r"<(?:path|circle|rect|line|polyline|ellipse)[^>]*/>", svg)
        drawn = "".join(shape for shape in shapes if 'd="M0 0h24v24H0z"' not in shape)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def tabler_licence(css: bytes, mit: bytes) -> bytes:
    """Tabler's tarball has no licence file: put the copyright lines of its banner above the MIT text of its icons."""
    holders = re.findall(r"Copyright 20[^\n]*", css[:600].decode())
    return re.sub(r"Copyright \(c\) [^\n]*", lambda _: "\n".join(holders), mit.decode(), count=1).encode()


def main(folder: Path) -> None:
    """Check, extract and describe everything."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    contents = {package.name: read(folder, package) for package in (HTMX, TABLER, ICONS)}
    files = {here: contents[package.name][there] for package in (HTMX, TABLER, ICONS) for there, here in package.files.items()}
    files["tabler.LICENSE.txt"] = tabler_licence(files["tabler.min.css"], files["tabler-icons.LICENSE.txt"])
    files["icons.svg"] = sprite(contents[ICONS.name]).encode()
    for name, content in files.items():
        (VENDOR / name).write_bytes(content)
    lines = ["# Third-party files served by Purveyor", "", "Written by tools/vendor_assets.py; do not edit by hand.", ""]
    lines += ["| npm package | version | licence | sha512 of the tarball |", "|---|---|---|---|"]
    lines += [f"| {p.name} | {p.version} | {p.licence} | `{p.sha512}` |" for p in (HTMX, TABLER, ICONS)]
    lines += ["", "| file | sha256 |", "|---|---|"]
    lines += [f"| vendor/{name} | `{hashlib.sha256(files[name]).hexdigest()}` |" for name in sorted(files)]
    (STATIC / "VENDORED.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
