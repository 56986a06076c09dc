"""Accountless links for suppliers: opening one shows the order and never acts; an expired one offers a new mail.

A link is bound to one order and one supplier. After a change it shows the newest issued version and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from purveyor.app import dispatch
from purveyor.core.access import Actor, ActorKind, Role
from purveyor.core.canonical import Json
from purveyor.core.errors import NotFound, PurveyorError
from purveyor.core.ids import MessageId, OrderId
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.core.order import PurchaseOrder
from purveyor.store import links, masters, order_views, orders
from purveyor.store.db import Tx
from purveyor.store.links import Link
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About

MAIL_CHANNEL = "email"


class LinkExpired(PurveyorError):
    """This link is older than 14 days; ask for a new one, it goes to the mail address we know."""

    code = "link_expired"


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a link opens: the supplier who acts through it and the newest issued version of the order.

    ``superseded``: the link was sent for an older version.
    """

    actor: Actor
    order: PurchaseOrder
    sent_for_version: int

    @property
    def superseded(self) -> bool:
        """Say whether the order changed after the link was sent."""
        return self.order.version > self.sent_for_version


def make_link(tx: Tx, order_id: OrderId, purpose: str = "order") -> str:
    """Make a link to an order for its supplier and return the token to send; raise NotFound for an order without supplier."""
    order = orders.get(tx, order_id)
    if order.supplier_id is None:
        raise NotFound(order_ref=order.order_ref, supplier=order.supplier_code)
    return links.add(tx, order_id, order.supplier_id, order.version, purpose)


def open_link(tx: Tx, token: str) -> OpenedLink:
    """Show what a link is for, without doing anything; needs system scope.

    Raises NotFound for a forged or revoked link and LinkExpired for an old one.
    """
    link = _known(tx, token)
    if link.expires_at <= tx.real_now:
        raise LinkExpired(order_version=link.order_version)
    order = order_views.shown_order(tx, link.order_id)
    if order.supplier_id != link.supplier_id:
        raise NotFound(link="the order went to another supplier")
    actor = Actor(ActorKind.SUPPLIER, id=link.id, roles=frozenset({Role.SUPPLIER}), supplier_id=link.supplier_id)
    return OpenedLink(actor, order, link.order_version)


def send_new_link(tx: Tx, token: str) -> MessageId:
    """Mail a new link to the address we know of the supplier, at most once a day for each old link; needs system scope.

    The address is never shown or taken from the request. Raises NotFound for a forged or revoked link.
    """
    link = _known(tx, token)
    order = orders.get(tx, link.order_id)
    masters.supplier(tx, link.supplier_id)
    outbound = Outbound(
        MessageKind.SUPPLIER_REMINDER,
        "order",
        order.id,
        order.version,
        str(link.supplier_id),
        MAIL_CHANNEL,
        f"new_link:{link.id}:{tx.real_now:%Y-%m-%d}",
    )
    payload: dict[str, Json] = {
        "order_id": str(order.id),
        "order_ref": order.order_ref,
        "version": order.version,
        "purpose": "new_link",
    }
    about = About(order.id, order.version, order.business_unit_id, link.supplier_id)
    return dispatch.queue(tx, [NewMessage(outbound, payload, about)])[0]


def _known(tx: Tx, token: str) -> Link:
    link = links.find(tx, token)
    if link is None or link.revoked_at is not None:
        raise NotFound(link="unknown")
    return link
