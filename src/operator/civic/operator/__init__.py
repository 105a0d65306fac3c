"""The `civic` command, for those who run an election office or its system."""
