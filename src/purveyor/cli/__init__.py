"""The command line: one file per command; a command's code is loaded when it is called."""
