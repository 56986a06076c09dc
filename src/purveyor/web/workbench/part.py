"""The buyer's pages as one part of the web interface."""

from __future__ import annotations

from typing import Final

from purveyor.core.access import Permission
from purveyor.web.i18n import marked
from purveyor.web.navigation import NavItem, Part
from purveyor.web.workbench import change_actions, inbox, order, order_actions, order_edit, orders, search

PART: Final = Part(
    "workbench",
    (inbox.router, orders.router, order_edit.router, order_actions.router, change_actions.router, order.router, search.router),
    (
        NavItem(marked("Inbox"), "/", "inbox", Permission.EXCEPTION_READ),
        NavItem(marked("Orders"), "/orders", "file-text", Permission.EXCEPTION_READ),
    ),
)
