"""Tests of the demo: its supervisor and its command; the story itself runs in `make demo-once`."""
