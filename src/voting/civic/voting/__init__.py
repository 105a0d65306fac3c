"""Elections: from a credential that names nobody to a count that anyone can recompute.

Nothing in this context knows of a registration; all that enters is a nullifier and a ballot style.
"""
