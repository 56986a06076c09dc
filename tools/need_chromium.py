"""Make sure browser tests have a Chromium: use an installed one, else try the system package, else say what will be skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Return 0 when a browser is there or may be skipped; 1 when skipping is not allowed."""
    if any(shutil.which(name) for name in NAMES):
        return 0
    apt = shutil.which("apt-get")
    if apt and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("No Chromium found; installing the system package for the browser tests ...", flush=True)
        subprocess.run(
            [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=False, stdout=subprocess.DEVNULL
        )
        if shutil.which("chromium"):
            return 0
    print("No Chromium found and none could be installed: browser tests will be skipped. Install 'chromium' to run them.")
    return 1 if os.environ.get("PURVEYOR_NO_SKIP") else 0


if __name__ == "__main__":
    sys.exit(main())
