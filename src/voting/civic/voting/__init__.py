"""Elections: from a credential that names nobody to a count that anyone can recompute.

Nothing in this context knows a registration; what enters is a nullifier and a ballot style.
"""
