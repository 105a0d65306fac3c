"""Checkpoints of the log on an Ethereum chain: a public clock that no operator can turn back."""
