"""What the audit domain can be asked to do."""
