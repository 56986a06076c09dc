"""Partners of the demo and of tests: they listen on real sockets and have good and bad days on request."""
