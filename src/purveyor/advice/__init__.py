"""Models that propose and never act: pure functions from stored inputs to a suggestion.

Nothing here reads a database or a clock or can call a command; who asks brings the inputs and puts the answer on record.
"""
