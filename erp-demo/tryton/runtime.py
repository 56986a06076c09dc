# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a Tryton database inside this process, with a business day that does not follow the machine's clock.

The demo's story happens in March 2026. Tryton asks `ir.date` for the day; the scripts replace that one answer, so
that due dates, periods and stock follow the story while row stamps (write_date) stay on real time.
"""

import datetime as dt
import os
import warnings
from collections.abc import Callable
from pathlib import Path

CONFIG = """[database]
uri = sqlite://
path = {folder}
list = False

[session]
authentications = password
max_attempt = 50

[password]
length = 12
"""


def configure(folder: Path) -> None:
    """Write the server's configuration into the folder and make it the one this process uses."""
    warnings.filterwarnings("ignore")
    path = folder / "trytond.conf"
    path.write_text(CONFIG.format(folder=folder.resolve()), encoding="utf-8")
    os.environ["TRYTOND_CONFIG"] = str(path)
    from trytond import config

    config.update_etc(str(path))


def use_business_day(day: Callable[[], dt.date]) -> None:
    """Make Tryton take its day from the given function; call before the pool is opened."""
    from trytond.ir import date as ir_date

    ir_date.Date.today = staticmethod(lambda timezone=None: day())


def open_pool(database: str):
    """Load the activated modules of the database and return the pool."""
    from trytond.pool import Pool

    Pool.start()
    pool = Pool(database)
    pool.init()
    return pool
