"""`civic simulate`: an election with millions of votes through the real handlers."""
