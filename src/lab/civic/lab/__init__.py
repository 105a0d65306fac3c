"""Measurements, simulations and proofs of the project; not part of what is shipped."""
