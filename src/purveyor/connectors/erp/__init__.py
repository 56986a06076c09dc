"""ERPs: one port (contract.py), one folder per system; an adapter translates and transports, it never decides."""
