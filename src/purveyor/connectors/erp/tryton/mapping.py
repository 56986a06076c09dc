"""Which fields of an unmodified Tryton the canonical model is made of, and which of its methods are called.

All of them belong to Tryton and its standard modules: no module of ours and no field of ours is needed there.
"""

from __future__ import annotations

from typing import Final

from purveyor.connectors.erp.mapping import Interface, Source, Sources, mapped
from purveyor.core.erp_records import Entity

_STAMPED: Final = mapped(external_id="id", version="_timestamp", active="active", updated_at="write_date, create_date")
_BREAKS: Final = mapped(
    price_breaks__min_qty="prices.quantity", price_breaks__unit_price="prices.unit_price", price_breaks__currency="currency.code"
)


def _of(model: str, given: dict[str, Source]) -> dict[str, Source]:
    return {name: source if source.default else Source(f"{model}: {source.where}") for name, source in given.items()}


SOURCES: Final[Sources] = {
    Entity.SITE: _of(
        "stock.location",
        _STAMPED
        | mapped(code="code", name="name", legal_entity="company of the account", street="address.street", city="address.city")
        | mapped(postal_code="address.postal_code", country="address.country.code"),
    ),
    Entity.UOM: _of(
        "product.uom",
        _STAMPED | mapped(code="symbol", name="name", category="category.name", factor="factor, rate", discrete="digits"),
    ),
    Entity.ITEM: _of(
        "product.product",
        _STAMPED
        | mapped(sku="code", name="name", base_uom="default_uom.symbol", purchase_uom="template.purchase_uom.symbol")
        | mapped(uom_category="default_uom.category.name", category="template.categories.name", status="active, categories")
        | mapped(purchasable="purchasable", discrete="default_uom.digits", sales_price="template.list_price")
        | mapped(tax_codes="account_category.supplier_taxes.name"),
    ),
    Entity.SUPPLIER: _of(
        "party.party",
        _STAMPED
        | mapped(code="code", name="name", currency="supplier_currency.code", status="active, categories")
        | mapped(payment_terms="supplier_payment_term.name", city="addresses.city", country="addresses.country.code")
        | mapped(email="email", lead_time_days="supplier_lead_time"),
    ),
    Entity.SUPPLIER_ITEM: _of(
        "purchase.product_supplier",
        _STAMPED
        | mapped(supplier="party", item="product", supplier_part_no="code", order_uom="unit.symbol")
        | mapped(lead_time_days="lead_time_used", minimum="prices.quantity (the smallest)", multiple="unit.rounding")
        | _BREAKS,
    ),
    Entity.AGREEMENT: _of(
        "purchase.blanket_agreement",
        _STAMPED
        | mapped(active="state", number="number", reference="reference", supplier="supplier", currency="currency.code")
        | mapped(valid_from="from_date", valid_to="to_date", lines__external_id="lines.id", lines__item="lines.product")
        | mapped(lines__uom="lines.unit.symbol", lines__unit_price="lines.unit_price", lines__committed="lines.quantity")
        | mapped(lines__released="lines.processed_quantity")
        | {f"lines.{name}": source for name, source in _BREAKS.items()},
    ),
    Entity.STOCK: _of(
        "product.product",
        mapped(external_id="id and warehouse", version="digest of the figures", active="=always", item="id", site="warehouse")
        | mapped(on_hand="quantity", allocated="stock.shipment.out", on_order="stock.move", daily_demand="stock.move of 91 days")
        | mapped(reorder_point="stock.order_point.min_quantity", maximum="stock.order_point.target_quantity"),
    ),
    Entity.DEMAND: _of(
        "stock.shipment.out",
        mapped(external_id="outgoing_moves.id", version="outgoing_moves._timestamp", active="=always")
        | mapped(item="outgoing_moves.product", site="warehouse", quantity="outgoing_moves.internal_quantity")
        | mapped(need_by="planned_date", source_ref="reference, number", customer="customer.name", allocated="state")
        | mapped(unit_sales_price="outgoing_moves.unit_price", currency="outgoing_moves.currency.code"),
    ),
    Entity.ORDER: _of(
        "purchase.purchase",
        mapped(external_id="id", version="_timestamp", active="=always", updated_at="write_date, create_date")
        | mapped(number="number", order_ref="reference", revision="revision", supplier="party", site="warehouse")
        | mapped(currency="currency.code", order_date="purchase_date", payment_terms="payment_term.name")
        | mapped(status="state, shipment_state", origin="description", typist="description")
        | mapped(lines__external_id="lines.id", lines__line_no="lines.sequence", lines__item="lines.product")
        | mapped(lines__description="lines.description", lines__quantity="lines.quantity", lines__uom="lines.unit.symbol")
        | mapped(lines__unit_price="lines.unit_price", lines__need_by="lines.delivery_date_store")
        | mapped(lines__tax_codes="lines.taxes.name", lines__quantity_received="lines.moves.quantity")
        | mapped(lines__quantity_invoiced="lines.invoice_lines.quantity"),
    ),
}
"""Where each field comes from; what is not here, Tryton does not give."""

_READ: Final = {
    "stock.location": "warehouses",
    "product.uom": "units",
    "product.product": "items, stock on hand",
    "party.party": "suppliers",
    "purchase.product_supplier": "terms and price breaks",
    "purchase.blanket_agreement": "agreements",
    "stock.move": "goods on order, goods issued, moves still expected",
    "stock.order_point": "reorder points",
    "stock.shipment.out": "customers' open needs",
    "purchase.purchase": "purchase orders",
    "stock.shipment.in": "our receipts",
    "account.invoice": "posted bills",
    "account.invoice.line": "what can be billed",
}
INTERFACES: Final = (
    Interface("common.server.version", "is Tryton there"),
    Interface("common.db.login", "sign in with the account for Purveyor"),
    Interface("model.res.user.get_preferences", "company and language of the account"),
    Interface("model.ir.date.today", "the company's day"),
    Interface("model.product.product.read", "the supplier's price for a quantity"),
    *(Interface(f"model.{model}.search_read", purpose) for model, purpose in _READ.items()),
    *(Interface(f"model.{model}.search", f"which {purpose} there are") for model, purpose in _READ.items()),
    Interface("model.purchase.purchase.draft", "take a quotation back to write the approved content", writes=True),
    Interface("model.purchase.purchase.write", "write the approved content and our reference", writes=True),
    Interface("model.purchase.purchase.quote", "give the order its number", writes=True),
    Interface("model.purchase.purchase.confirm", "place the order", writes=True),
    Interface("model.stock.shipment.in.create", "make a receipt from the expected moves", writes=True),
    Interface("model.stock.shipment.in.receive", "receive it", writes=True),
    Interface("model.stock.shipment.in.do", "post it", writes=True),
    Interface("model.account.invoice.write", "fill the supplier's figures into the draft bill", writes=True),
    Interface("model.account.invoice.validate_invoice", "validate the bill", writes=True),
    Interface("model.account.invoice.post", "post the bill", writes=True),
    Interface("model.account.move.line.payment_block", "block the payment of a bill", writes=True),
    Interface("model.account.move.line.payment_unblock", "lift the block", writes=True),
    Interface("model.res.user.warning.skip", "wave a warning through that was decided before", writes=True),
)
"""Every method called over JSON-RPC."""
