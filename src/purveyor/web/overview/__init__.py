"""What was stopped, what was saved, and what waits on whom; every number opens the list that proves it."""
