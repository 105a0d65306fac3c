"""One-time codes for voters by post: made, made known to the voting stack as hashes, printed.

No letter bears a name and no row anywhere says which letter went to whom: the election office
addresses the envelopes apart from this command.
"""
