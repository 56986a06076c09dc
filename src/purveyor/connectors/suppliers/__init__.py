"""Channels suppliers read: one self-contained folder each, all ending in the same document and the same answer."""
