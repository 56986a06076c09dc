"""The buyer's pages: what waits, all orders, one order with its whole story, search."""
