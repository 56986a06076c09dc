# SPDX-License-Identifier: GPL-3.0-or-later
"""Company, accounts, units, warehouses, suppliers, items, supplier terms and agreements of the demo distributor."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import catalog


@dataclass
class Facts:
    """Database ids of what was created, by the codes of the catalog."""

    company: int = 0
    currency: int = 0
    units: dict[str, int] = field(default_factory=dict)
    factors: dict[str, Decimal] = field(default_factory=dict)
    warehouses: dict[str, int] = field(default_factory=dict)
    storages: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    suppliers: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    product_suppliers: dict[tuple[str, str], int] = field(default_factory=dict)


def seed(database: str, config_file: Path) -> Facts:
    """Create all master data; the ids come back for whoever seeds movements."""
    import proteus

    config = proteus.config.set_trytond(f"sqlite:///{database}", config_file=str(config_file))
    facts = Facts()
    _company(proteus, config, facts)
    accounts = _accounting(proteus, facts)
    _units(proteus, facts)
    _warehouses(proteus, facts)
    _suppliers(proteus, facts)
    _items(proteus, facts, accounts)
    _agreements(proteus, facts)
    _users(proteus)
    return facts


def _company(proteus, config, facts: Facts) -> None:
    from trytond.modules.company.tests.tools import create_company, get_company
    from trytond.modules.currency.tests.tools import get_currency

    party = proteus.Model.get("party.party")(name=catalog.COMPANY)
    party.save()
    currency = get_currency("USD")
    create_company(party=party, currency=currency)
    config._context = proteus.Model.get("res.user").get_preferences(True, {})
    facts.company, facts.currency = get_company().id, currency.id
    rate_model = proteus.Model.get("currency.currency.rate")
    for code, day, rate in catalog.CURRENCY_RATES:
        foreign = get_currency(code)
        same_day = rate_model.find([("currency", "=", foreign.id), ("date", "=", dt.date.fromisoformat(day))])
        entry = same_day[0] if same_day else rate_model(currency=foreign, date=dt.date.fromisoformat(day))
        entry.rate = Decimal(rate)
        entry.save()


def _accounting(proteus, facts: Facts):
    from trytond.modules.account.tests.tools import create_chart, create_tax, get_accounts
    from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences

    create_chart()
    (sequence_type,) = proteus.Model.get("ir.sequence.type").find([("name", "=", "Account Move")], limit=1)
    for year in (2025, 2026):
        sequence = proteus.Model.get("ir.sequence.strict")(name=str(year), sequence_type=sequence_type)
        sequence.company = proteus.Model.get("company.company")(facts.company)
        sequence.save()
        fiscal_year = proteus.Model.get("account.fiscalyear")(name=str(year))
        fiscal_year.start_date, fiscal_year.end_date = dt.date(year, 1, 1), dt.date(year, 12, 31)
        fiscal_year.move_sequence = sequence
        set_fiscalyear_invoice_sequences(fiscal_year)
        fiscal_year.save()
        fiscal_year.click("create_period")
    accounts = get_accounts()
    categories = {}
    for name, rate in (("Goods for resale", "0"), ("Shop supplies", "0.0725")):
        tax = create_tax(Decimal(rate))
        tax.name = tax.description = "Resale exempt" if rate == "0" else "Ohio use tax 7.25 %"
        tax.save()
        category = proteus.Model.get("product.category")(name=name, accounting=True)
        category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
        category.supplier_taxes.append(tax)
        category.save()
        categories[name] = category
    for name, days in catalog.PAYMENT_TERMS:
        term = proteus.Model.get("account.invoice.payment_term")(name=name)
        line = term.lines.new(type="remainder")
        line.relativedeltas.new(days=days)
        term.save()
        facts.terms[name] = term.id
    configuration = proteus.Model.get("purchase.configuration")(1)
    configuration.purchase_invoice_method = "fulfillment"
    configuration.save()
    return categories


def _units(proteus, facts: Facts) -> None:
    model = proteus.Model.get("product.uom")
    for name, symbol, category, factor in catalog.UNITS:
        unit = model(name=name, symbol=symbol)
        (unit.category,) = proteus.Model.get("product.uom.category").find([("name", "=", category)])
        unit.factor = float(factor)
        unit.rounding, unit.digits = 1.0, 0
        unit.save()
    for unit in model.find([]):
        facts.units[unit.name] = unit.id
    for item in catalog.ITEMS:
        base, bought = model(facts.units[item.base]), model(facts.units[item.purchase])
        facts.factors[item.code] = Decimal(str(bought.factor)) / Decimal(str(base.factor))


def _warehouses(proteus, facts: Facts) -> None:
    location_model = proteus.Model.get("stock.location")
    party = proteus.Model.get("company.company")(facts.company).party
    us = proteus.Model.get("country.country")(name="United States", code="US")
    us.save()
    (first,) = location_model.find([("type", "=", "warehouse")])
    for position, (code, name, street, city, postal_code) in enumerate(catalog.WAREHOUSES):
        address = proteus.Model.get("party.address")(party=party, party_name=f"{catalog.COMPANY}, {name}")
        address.street, address.city, address.postal_code, address.country = street, city, postal_code, us
        address.save()
        if position == 0:
            warehouse = first
        else:
            parts = {}
            for kind in ("input", "output", "storage"):
                part = location_model(name=f"{name} {kind}", code=f"{code}-{kind[:3].upper()}")
                part.type = "storage"
                part.save()
                parts[kind] = part
            warehouse = location_model(type="warehouse")
            warehouse.input_location, warehouse.output_location = parts["input"], parts["output"]
            warehouse.storage_location = parts["storage"]
        warehouse.name, warehouse.code, warehouse.address = name, code, address
        warehouse.save()
        facts.warehouses[code], facts.storages[code] = warehouse.id, warehouse.storage_location.id


def _suppliers(proteus, facts: Facts) -> None:
    hold = proteus.Model.get("party.category")(name="Purchasing hold")
    hold.save()
    customer = proteus.Model.get("party.party")(name="Counter and contractor sales", code="CUSTOMERS")
    customer.save()
    for entry in catalog.SUPPLIERS:
        party = proteus.Model.get("party.party")(name=entry.name, code=entry.code)
        party.addresses[0].city = f"{entry.city}, {entry.state}"
        (party.addresses[0].country,) = proteus.Model.get("country.country").find([("code", "=", "US")])
        party.supplier_payment_term = proteus.Model.get("account.invoice.payment_term")(facts.terms[entry.term])
        party.supplier_lead_time = dt.timedelta(days=entry.lead_days)
        party.supplier_currency = proteus.Model.get("currency.currency")(facts.currency)
        party.contact_mechanisms.new(type="email", value=f"orders@{entry.code.lower()}.example")
        if entry.hold:
            party.categories.append(proteus.Model.get("party.category")(hold.id))
        party.save()
        facts.suppliers[entry.code] = party.id


def _items(proteus, facts: Facts, accounts) -> None:
    category_model, unit_model = proteus.Model.get("product.category"), proteus.Model.get("product.uom")
    categories = {}
    for name in sorted({item.category for item in catalog.ITEMS} | {"Obsolete"}):
        categories[name] = category_model(name=name)
        categories[name].save()
    for item in catalog.ITEMS:
        template = proteus.Model.get("product.template")(name=item.name, code=item.code, type="goods")
        template.default_uom = unit_model(facts.units[item.base])
        template.purchasable = True
        template.purchase_uom = unit_model(facts.units[item.purchase])
        template.list_price = Decimal(item.sales_price)
        template.cost_price_method = "fixed"
        template.account_category = accounts["Shop supplies" if item.code == "SEA-300" else "Goods for resale"]
        template.categories.append(category_model(categories[item.category].id))
        if item.status == "obsolete":
            template.categories.append(category_model(categories["Obsolete"].id))
        template.products[0].cost_price = item.cost(facts.factors[item.code])
        template.save()
        facts.items[item.code] = template.products[0].id
        _supplier_terms(proteus, facts, item.code, item.supplier, item.part_no, None, item.breaks)
    for code, supplier, part_no, lead_days, breaks in catalog.SECOND_SOURCES:
        _supplier_terms(proteus, facts, code, supplier, part_no, lead_days, breaks)
    for item in catalog.ITEMS:
        if item.status == "inactive":
            product = proteus.Model.get("product.product")(facts.items[item.code])
            product.active = product.template.active = False
            product.save()
            product.template.save()


def _supplier_terms(proteus, facts: Facts, item, supplier, part_no, lead_days, breaks) -> None:
    product = proteus.Model.get("product.product")(facts.items[item])
    terms = proteus.Model.get("purchase.product_supplier")(template=product.template, product=product)
    terms.party = proteus.Model.get("party.party")(facts.suppliers[supplier])
    terms.currency = proteus.Model.get("currency.currency")(facts.currency)
    terms.code = part_no
    days = lead_days or next(entry.lead_days for entry in catalog.SUPPLIERS if entry.code == supplier)
    terms.lead_time = dt.timedelta(days=days)
    for quantity, price in breaks:
        terms.prices.new(quantity=float(quantity), unit_price=Decimal(price))
    terms.save()
    facts.product_suppliers[item, supplier] = terms.id


def _agreements(proteus, facts: Facts) -> None:
    for reference, supplier, start, end, lines in catalog.AGREEMENTS:
        agreement = proteus.Model.get("purchase.blanket_agreement")(reference=reference)
        agreement.supplier = proteus.Model.get("party.party")(facts.suppliers[supplier])
        agreement.from_date, agreement.to_date = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
        for item, quantity, price in lines:
            line = agreement.lines.new()
            line.product = proteus.Model.get("product.product")(facts.items[item])
            line.quantity, line.unit_price = float(quantity), Decimal(price)
        agreement.save()
        agreement.click("run")


def _users(proteus) -> None:
    """One account for Purveyor and one for the people who type orders; passwords are set when the server starts."""
    group_model, data_model = proteus.Model.get("res.group"), proteus.Model.get("ir.model.data")
    groups = {
        "purveyor": (
            "purchase.group_purchase",
            "purchase_request.group_purchase_request",
            "purchase_blanket_agreement.group_purchase_blanket_agreement",
            "purchase_amendment.group_purchase_amendment",
            "stock.group_stock",
            "account.group_account",
            "account_payment.group_payment",
        ),
        "buyers": (
            "purchase.group_purchase",
            "purchase_request.group_purchase_request",
            "purchase_amendment.group_purchase_amendment",
            "stock.group_stock",
        ),
    }
    for login, names in groups.items():
        user = proteus.Model.get("res.user")(login=login, name="Purveyor" if login == "purveyor" else "Purchasing desk")
        user.companies.append(proteus.Model.get("company.company").find([])[0])
        user.company = proteus.Model.get("company.company").find([])[0]
        for name in names:
            user.groups.append(group_model(data_model.get_id(name, {})))
        user.save()
