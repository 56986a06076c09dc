"""Ways to carry bytes: HTTP, SMTP; each turns failures into permanent and retryable ones."""
