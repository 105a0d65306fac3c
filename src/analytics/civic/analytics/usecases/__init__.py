"""What the analytics domain can be asked to do."""
