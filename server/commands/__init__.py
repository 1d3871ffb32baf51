"""One module per `rom` command: parse, call, print."""
