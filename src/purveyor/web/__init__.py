"""The web edge: pages for people, an API for programs. Reads through store queries, writes only through app."""
