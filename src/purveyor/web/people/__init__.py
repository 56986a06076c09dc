"""People: who may sign in, with which roles in which business units."""
