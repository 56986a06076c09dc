"""The rows behind each figure of the overview: one function lists them, another adds them up.

All have id, order_ref, party, amount, currency, at and still_open; what else they have is named like in ProofRow.
"""

from __future__ import annotations

from typing import Final

STOPPED: Final = """
    SELECT o.id, o.order_ref, coalesce(s.name, o.supplier_code) AS party, c.topic, c.note, c.stake AS amount, o.currency,
           c.at, o.status = 'draft' AND EXISTS (
               SELECT FROM finding f WHERE f.order_id = o.id AND f.severity = 'block' AND NOT f.overridden) AS still_open
      FROM (SELECT e.order_id, min(e.opened_at) AS at, max(CAST(v.payload ->> 'exposure' AS numeric)) AS stake,
                   (array_agg(e.type ORDER BY e.opened_at))[1] AS topic,
                   (array_agg(e.summary ORDER BY e.opened_at DESC))[1] AS note
              FROM exception_case e
              JOIN event v ON v.stream_type = 'exception' AND v.stream_id = e.id
                          AND v.type IN ('exception.opened', 'exception.recurred')
             WHERE e.natural_key = 'gate_blocked:' || CAST(e.order_id AS text)
             GROUP BY e.order_id) c
      JOIN purchase_order o ON o.id = c.order_id
      LEFT JOIN supplier s ON s.id = o.supplier_id
"""
"""Orders that a check stopped, each once, with the dearest finding that ever stopped it.

A stopped order has an exception; what stood at stake each time is read from the log, because the exception keeps the last only.
"""

_CORRECTED: Final = """
    SELECT o.id, o.order_ref, coalesce(s.name, o.supplier_code) AS party, o.currency, c.at,
           CAST(b.line ->> 'line_no' AS int) AS line_no, b.line ->> 'item_code' AS note,
           CAST(b.line ->> 'quantity' AS numeric) AS quantity_before, coalesce(a.quantity, 0) AS quantity_after,
           b.line ->> 'uom' AS unit, coalesce(a.unit, b.line ->> 'uom') AS unit_after,
           CAST(b.line ->> 'unit_price' AS numeric) / CAST(b.line ->> 'price_per' AS numeric) AS price_before,
           coalesce(a.price, 0) AS price_after
      FROM (SELECT order_id, min(order_version) AS version, min(checked_at) AS at
              FROM gate_check WHERE worst = 'block' GROUP BY order_id) c
      JOIN purchase_order o ON o.id = c.order_id AND c.version < o.first_issued_version
      LEFT JOIN supplier s ON s.id = o.supplier_id
      JOIN order_version vb ON vb.order_id = o.id AND vb.version = c.version
      JOIN order_version va ON va.order_id = o.id AND va.version = o.first_issued_version
      CROSS JOIN LATERAL jsonb_array_elements(vb.snapshot -> 'lines') AS b(line)
      LEFT JOIN LATERAL (
           SELECT CAST(l.line ->> 'quantity' AS numeric) AS quantity, l.line ->> 'uom' AS unit,
                  CAST(l.line ->> 'unit_price' AS numeric) / CAST(l.line ->> 'price_per' AS numeric) AS price
             FROM jsonb_array_elements(va.snapshot -> 'lines') AS l(line)
            WHERE l.line ->> 'line_no' = b.line ->> 'line_no' AND NOT CAST(l.line ->> 'cancelled' AS boolean)) a ON true
     WHERE NOT CAST(b.line ->> 'cancelled' AS boolean)
"""
"""Each line of an order that was stopped and sent later: as first stopped, and as first sent (nothing, when it was left out)."""

QUANTITIES: Final = " ".join(
    (
        """
    SELECT id, order_ref, party, line_no, note, quantity_before AS before, quantity_after AS after, unit, unit_after,
           amount, currency, at, false AS still_open
      FROM (SELECT c.*, CASE WHEN unit = unit_after THEN round((quantity_before - quantity_after) * price_before, 2)
                             ELSE round(quantity_before * price_before - quantity_after * price_after, 2) END AS amount
              FROM (""",
        _CORRECTED,
        ") c) q WHERE amount > 0",
    )
)
"""Lines that were sent with less: the difference in quantity at the price that stood on the stopped order.

A line whose unit was corrected (cartons to pieces) counts with the difference of its amounts.
"""

PRICES: Final = " ".join(
    (
        """
    SELECT id, order_ref, party, line_no, note, price_before AS before, price_after AS after,
           amount, currency, at, false AS still_open
      FROM (SELECT c.*, round((price_before - price_after) * quantity_after, 2) AS amount
              FROM (""",
        _CORRECTED,
        ") c WHERE unit = unit_after) q WHERE amount > 0",
    )
)
"""Lines that were sent at a lower price: the difference in price times the quantity that was sent."""

DUPLICATE_ORDERS: Final = """
    SELECT DISTINCT ON (o.id)
           o.id, o.order_ref, coalesce(s.name, o.supplier_code) AS party, e.summary AS note,
           o.total AS amount, o.currency, e.opened_at AS at, false AS still_open
      FROM exception_case e
      JOIN purchase_order o ON o.id = e.order_id
      LEFT JOIN supplier s ON s.id = o.supplier_id
     WHERE e.type = 'PROBABLE_DUPLICATE' AND o.status = 'cancelled' AND o.first_issued_version IS NULL
     ORDER BY o.id, e.opened_at
"""
"""Orders stopped as probable duplicates and cancelled before they left."""

DUPLICATE_INVOICES: Final = """
    SELECT i.id, l.order_ref, i.number AS invoice_number, s.name AS party, k.number AS note,
           i.total AS amount, i.currency, i.received_at AS at, i.state = 'in_review' AS still_open
      FROM invoice i
      JOIN supplier s ON s.id = i.supplier_id
      LEFT JOIN invoice k ON k.id = i.duplicate_of
      LEFT JOIN LATERAL (SELECT order_ref FROM invoice_line WHERE invoice_id = i.id ORDER BY line_no LIMIT 1) l ON true
     WHERE i.duplicate_of IS NOT NULL AND i.state IN ('in_review', 'rejected')
"""
"""Invoices that look like a copy of another one and were not paid: in review, or sent back."""

OVERBILLED: Final = """
    SELECT DISTINCT ON (i.id, e.line_no)
           i.id, o.order_ref, i.number AS invoice_number, s.name AS party, e.line_no, e.summary AS note,
           e.exposure AS amount, e.currency, e.opened_at AS at, e.status <> 'resolved' AS still_open
      FROM exception_case e
      JOIN invoice i ON i.id = e.invoice_id
      JOIN supplier s ON s.id = i.supplier_id
      LEFT JOIN purchase_order o ON o.id = e.order_id
     WHERE e.type IN ('MATCH_PRICE', 'MATCH_QUANTITY', 'MATCH_VALUE', 'MATCH_TAX', 'MATCH_FREIGHT')
       AND e.exposure > 0 AND i.duplicate_of IS NULL AND i.payment <> 'released'
       AND (e.status <> 'resolved' OR i.state IN ('rejected', 'superseded'))
     ORDER BY i.id, e.line_no, e.exposure DESC, e.id
"""
"""What invoices ask beyond the agreed price, the receipt or the allowed charges, and what is not released for payment.

Of several differences on one line the dearest counts.
"""

EXCEPTIONS: Final = """
    SELECT e.id, o.order_ref, i.number AS invoice_number, s.name AS party, e.line_no, e.type AS topic, e.summary AS note,
           e.exposure AS amount, e.currency, e.opened_at AS at, true AS still_open, e.owner_role AS owner
      FROM exception_case e
      LEFT JOIN purchase_order o ON o.id = e.order_id
      LEFT JOIN invoice i ON i.id = e.invoice_id
      LEFT JOIN supplier s ON s.id = e.supplier_id
     WHERE e.status <> 'resolved'
"""
"""Open exceptions by the role that owns them; those on hold wait too."""

APPROVALS: Final = """
    SELECT t.id, o.order_ref, coalesce(s.name, o.supplier_code) AS party,
           o.total AS amount, o.currency, t.opened_at AS at, true AS still_open, coalesce(u.display_name, t.role) AS owner
      FROM approval_step t
      JOIN approval_chain c ON c.id = t.chain_id AND c.state = 'open'
      JOIN purchase_order o ON o.id = t.order_id
      LEFT JOIN supplier s ON s.id = o.supplier_id
      LEFT JOIN app_user u ON u.id = t.holder_id
     WHERE t.state = 'open'
"""
"""Approval steps that wait, by the person whose turn it is; a delegate decides in that person's place."""

_ORDER: Final = """
    SELECT o.id, o.order_ref, coalesce(s.name, o.supplier_code) AS party,
           o.total AS amount, o.currency, o.issued_at AS at, false AS still_open
      FROM purchase_order o
      LEFT JOIN supplier s ON s.id = o.supplier_id
"""

SENT: Final = f"{_ORDER} WHERE o.first_issued_version IS NOT NULL"
"""Orders that left."""

RECEIVED: Final = f"{_ORDER} WHERE EXISTS (SELECT FROM movement m WHERE m.order_id = o.id AND m.kind = 'accepted')"
"""Orders of which at least something was received and accepted."""

CLOSED: Final = f"{_ORDER} WHERE o.status = 'closed'"
"""Orders of which nothing is left to do."""

MATCHED: Final = """
    SELECT i.id, l.order_ref, i.number AS invoice_number, s.name AS party,
           i.total AS amount, i.currency, i.received_at AS at, false AS still_open
      FROM invoice i
      JOIN supplier s ON s.id = i.supplier_id
      LEFT JOIN LATERAL (SELECT order_ref FROM invoice_line WHERE invoice_id = i.id ORDER BY line_no LIMIT 1) l ON true
     WHERE i.state = 'matched'
"""
"""Invoices that agree with order and receipt, or whose differences somebody accepted."""
