# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the demo distributor's Tryton database once and keep it as one SQLite file.

Usage: .venv-tryton/bin/python erp-demo/tryton/build_seed.py [--lock requirements/tryton.lock] [--cache build/tryton]
Prints the path of the file. Its name carries a hash of these scripts and of the lock file, so an unchanged seed is
found again at once and a changed one is built anew.
"""

import argparse
import datetime as dt
import fcntl
import hashlib
import os
import secrets
import sqlite3
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import catalog
import runtime

MODULES = (
    "purchase",
    "purchase_request",
    "purchase_amendment",
    "purchase_blanket_agreement",
    "stock_supply",
    "account_invoice_stock",
    "account_payment",
)
DATABASE = "purveyor"
SCRIPTS = ("build_seed.py", "seed_masters.py", "seed_stock.py", "catalog.py", "assortment.csv", "runtime.py")


def seed_path(lock: Path, cache: Path) -> Path:
    """Return where the seed built from these scripts and this lock file lives."""
    digest = hashlib.sha256(lock.read_bytes())
    for name in SCRIPTS:
        digest.update((Path(__file__).parent / name).read_bytes())
    return cache / f"seed-{digest.hexdigest()[:16]}.sqlite"


def initialise(folder: Path) -> None:
    """Create an empty Tryton database with the modules activated."""
    from trytond.admin import run

    (folder / f"{DATABASE}.sqlite").touch()
    password_file = folder / "admin-password"
    password_file.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
    os.environ["TRYTONPASSFILE"] = str(password_file)
    run(
        Namespace(
            test_email=None,
            database_names=[DATABASE],
            update=["ir", "res", *MODULES],
            languages=[],
            activatedeps=True,
            indexes=None,
            update_modules_list=False,
            login="admin",
            administrator=None,
            email="",
            password=True,
            reset_password=False,
            active=True,
            hostname=None,
            export_translations=False,
            validate=None,
            validate_percentage=None,
        )
    )


def age_records(path: Path) -> None:
    """Give the master data the age a running business would show; one item has not been looked at for over a year."""
    tables = (
        "product_template",
        "product_product",
        "party_party",
        "purchase_product_supplier",
        "stock_order_point",
        "purchase_product_supplier_price",
        "purchase_blanket_agreement",
        "stock_location",
        "product_uom",
        "purchase_blanket_agreement_line",
        "stock_move",
        "currency_currency_rate",
    )
    with sqlite3.connect(path) as connection:
        for table in tables:
            connection.execute(f"UPDATE {table} SET create_date = ?, write_date = NULL", (catalog.MASTER_STAMP,))
        code, stamp = catalog.STALE_ITEM
        connection.execute("UPDATE product_template SET create_date = ? WHERE code = ?", (stamp, code))
        connection.execute("UPDATE product_product SET create_date = ? WHERE code = ?", (stamp, code))
        connection.execute("DELETE FROM ir_session")
    connection.close()


def write_seed(database: Path, target: Path) -> None:
    """Write the database as one file, journal included, and move it into place when it is complete."""
    partial = target.with_suffix(f".{os.getpid()}")
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("VACUUM INTO ?", (str(partial),))
    connection.close()
    partial.replace(target)


def build(target: Path) -> None:
    """Build the seed in a scratch folder and move it into place when it is complete."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        runtime.configure(folder)
        day = dt.date.fromisoformat(catalog.BUSINESS_DAY)
        runtime.use_business_day(lambda: day)
        started = time.monotonic()
        initialise(folder)
        initialised = time.monotonic()
        import seed_masters
        import seed_stock

        facts = seed_masters.seed(DATABASE, folder / "trytond.conf")
        seed_stock.seed(DATABASE, facts)
        age_records(folder / f"{DATABASE}.sqlite")
        write_seed(folder / f"{DATABASE}.sqlite", target)
        print(
            f"initialised in {initialised - started:.1f} s, seeded in {time.monotonic() - initialised:.1f} s",
            file=sys.stderr,
        )


def main() -> None:
    """Build the seed unless it is there, and print its path."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lock", type=Path, default=root / "requirements" / "tryton.lock")
    parser.add_argument("--cache", type=Path, default=root / "build" / "tryton")
    options = parser.parse_args()
    target = seed_path(options.lock, options.cache)
    options.cache.mkdir(parents=True, exist_ok=True)
    with (options.cache / "building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            build(target)
    print(target)


if __name__ == "__main__":
    main()
