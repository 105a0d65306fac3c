"""The public log, with which anyone can check that every accepted ballot is in the count.

Nothing in this context knows a registration or a voter; only ballots and events enter it.
"""
