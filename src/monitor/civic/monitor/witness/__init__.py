"""A witness signs the checkpoints of a log that it has seen grow and never fork."""
