"""What the voting domain can be asked to do."""
