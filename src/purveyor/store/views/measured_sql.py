"""The statements that read what measures are made from; every one is limited by the same filter of supplier and site.

No filter and no figure is by person: rating named employees by process data is watching people at work.

A statement may read a little more than the period holds: which event falls into it the measure decides by the event's own time.
"""

from __future__ import annotations

from typing import Final

_CHOSEN: Final = """
    (CAST(:supplier AS uuid) IS NULL OR o.supplier_id = :supplier)
    AND (CAST(:site AS uuid) IS NULL
         OR EXISTS (SELECT FROM order_schedule p WHERE p.order_id = o.id AND p.ship_to = :site))
"""

_ORDERS: Final = """
    SELECT o.id, o.order_ref, o.status, o.business_unit_id, o.supplier_id, coalesce(s.name, o.supplier_code) AS supplier,
           o.supplier_code, o.issued_at,
           (SELECT l.category FROM order_line l
             WHERE l.order_id = o.id AND l.category IS NOT NULL AND NOT l.cancelled
             GROUP BY l.category ORDER BY sum(coalesce(l.amount, 0)) DESC, l.category LIMIT 1) AS category,
           ARRAY(SELECT l.line_no FROM order_line l
                  WHERE l.order_id = o.id
                    AND (CAST(:site AS uuid) IS NULL
                         OR EXISTS (SELECT FROM order_schedule p
                                     WHERE p.order_id = l.order_id AND p.line_no = l.line_no AND p.ship_to = :site))) AS lines,
           ARRAY(SELECT CAST(x.line ->> 'line_no' AS int)
                   FROM order_version v CROSS JOIN LATERAL jsonb_array_elements(v.snapshot -> 'lines') AS x(line)
                  WHERE v.order_id = o.id AND v.version = o.first_issued_version
                    AND NOT CAST(x.line ->> 'cancelled' AS boolean)) AS issued_lines
      FROM purchase_order o
      LEFT JOIN supplier s ON s.id = o.supplier_id
     WHERE
"""

ISSUED: Final = f"{_ORDERS} o.issued_at >= :start AND o.issued_at < :end AND {_CHOSEN}"
"""Orders first sent in the period."""

_SUBMITTED: Final = "SELECT c.order_id FROM approval_chain c WHERE c.opened_at >= :start AND c.opened_at < :end"
SUBMITTED: Final = f"{_ORDERS} {_CHOSEN} AND o.id IN ({_SUBMITTED})"
"""Orders of which a version was submitted in the period."""

_TOLD: Final = """
    SELECT m.order_id FROM message m
     WHERE m.kind IN ('supplier_order', 'supplier_change') AND m.finished_at + CAST(:ahead AS interval) >= :start
"""
TOLD: Final = f"{_ORDERS} {_CHOSEN} AND o.issued_at < :end AND (o.issued_at >= :start OR o.id IN ({_TOLD}))"
"""Orders of which something was sent to the supplier in the period or after it."""

ONE_ORDER: Final = f"{_ORDERS} o.id = ANY(CAST(:ids AS uuid[])) AND {_CHOSEN}"
"""Named orders."""

_OF_ORDERS: Final = f"""
    (CAST(:supplier AS uuid) IS NULL AND CAST(:site AS uuid) IS NULL
     OR o.id IS NOT NULL AND {_CHOSEN}
     OR o.id IS NULL AND d.supplier_id = :supplier AND CAST(:site AS uuid) IS NULL)
"""
"""Documents of the chosen orders; one without an order belongs to its supplier."""

_INVOICES: Final = """
    SELECT d.id, d.number AS name, l.order_id, o.order_ref, l.order_line_no AS line_no, d.business_unit_id, s.name AS partner,
           d.kind = 'invoice' AND o.id IS NOT NULL AS counted,
           ARRAY(SELECT DISTINCT x.line ->> 'reported' FROM jsonb_array_elements(d.figures -> 'lines') AS x(line)
                  WHERE x.line ->> 'reported' IS NOT NULL) AS notes
      FROM invoice d
      JOIN supplier s ON s.id = d.supplier_id
      LEFT JOIN LATERAL (SELECT order_id, order_line_no FROM invoice_line
                          WHERE invoice_id = d.id AND order_id IS NOT NULL ORDER BY line_no LIMIT 1) l ON true
      LEFT JOIN purchase_order o ON o.id = l.order_id
     WHERE d.received_at >= :start AND d.received_at < :end
"""
INVOICES: Final = f"{_INVOICES} AND {_OF_ORDERS}"
"""Invoices that came in during the period; they are matched, or found to be a copy, as they come in."""

_MESSAGES: Final = """
    SELECT d.id, d.kind AS name, d.order_id, o.order_ref, CAST(NULL AS int) AS line_no, d.business_unit_id,
           coalesce(s.name, d.partner_key) AS partner, true AS counted, CAST('{}' AS text[]) AS notes
      FROM message d
      LEFT JOIN supplier s ON s.id = d.supplier_id AND d.kind LIKE 'supplier%'
      LEFT JOIN purchase_order o ON o.id = d.order_id
     WHERE d.created_at + CAST(:ahead AS interval) < :end
       AND (d.finished_at IS NULL OR d.finished_at + CAST(:ahead AS interval) >= :start)
"""
MESSAGES: Final = f"{_MESSAGES} AND {_OF_ORDERS}"
"""Messages that were not finished before the period began; their own times are real ones, the period is business time."""

_EXCEPTIONS: Final = """
    SELECT d.id, d.type AS name, d.order_id, o.order_ref, d.line_no, d.business_unit_id, s.name AS partner,
           true AS counted, CAST('{}' AS text[]) AS notes
      FROM exception_case d
      LEFT JOIN supplier s ON s.id = d.supplier_id
      LEFT JOIN purchase_order o ON o.id = d.order_id
     WHERE d.status <> 'resolved'
"""
EXCEPTIONS: Final = f"{_EXCEPTIONS} AND {_OF_ORDERS}"
"""Exceptions that are not settled now."""

BILLS: Final = """
    SELECT DISTINCT l.order_id, l.order_line_no AS line_no, i.id AS invoice_id, i.state
      FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
     WHERE l.order_id = ANY(CAST(:ids AS uuid[]))
     ORDER BY l.order_id, l.order_line_no, i.id
"""
"""Which invoices bill which order lines, and where they stand."""

EVENTS: Final = """
    SELECT e.stream_id, e.position, e.type, e.occurred_at, e.payload
      FROM unnest(CAST(:ids AS uuid[])) AS w (id)
      JOIN event e ON e.stream_type = :stream AND e.stream_id = w.id AND e.type = ANY(CAST(:types AS text[]))
     LIMIT :most
"""
"""Events of some types of some streams, no more than asked for."""
