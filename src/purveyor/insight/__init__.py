"""Process intelligence: figures about the process, worked out from event rows by pure functions.

Nothing here reads a database or a clock; who asks brings the rows, the calendars and the moment.
"""
