"""The operator's `civic` command: the same on a laptop and against AWS."""
