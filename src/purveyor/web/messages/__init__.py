"""Messages to ERPs, suppliers and warehouses: what waits, what failed, and what is sent again."""
