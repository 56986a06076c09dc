"""Read models for pages: what one screen shows, read by the set and inside the reader's scope. Nothing here writes."""
