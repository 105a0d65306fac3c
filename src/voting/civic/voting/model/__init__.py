"""Pure model of the voting domain."""
