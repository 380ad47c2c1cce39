"""The command line: parses, calls a use case in `dbdeed.app`, prints what comes back. It decides nothing."""
