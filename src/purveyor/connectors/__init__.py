"""Everything that speaks to outside systems: it translates and transports, knows the core only, and cannot write our data."""
