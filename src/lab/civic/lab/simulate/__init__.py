"""`civic simulate`: an election of millions through the real handlers, in one process."""
