"""Verification of proofs of identity: pure functions of what was answered and of whom to trust."""
