"""The auditor's page: search the event log, open an event, check its chain, take rows away as a file."""
