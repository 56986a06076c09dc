"""Many exceptions at once, for tests of lists."""

from __future__ import annotations

from purveyor.app.cases import open_case
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.store.db import Database
from purveyor.web.listing import PAGE_SIZE
from tests.order_builders import UNIT


def fifty_exceptions(database: Database) -> None:
    """One more than fits on a page."""
    with database.transaction(SYSTEM) as tx:
        for number in range(PAGE_SIZE + 1):
            open_case(tx, OpenCase(ExceptionType.ACK_OVERDUE, f"late:{number}", f"Silent {number}.", business_unit_id=UNIT))
