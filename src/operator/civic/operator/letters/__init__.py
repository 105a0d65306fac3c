"""One-time codes by post: made, registered with the elections stack as hashes, and printed.

No letter has a name on it, and no record anywhere says which letter went to whom: the election
office addresses the envelopes separately.
"""
