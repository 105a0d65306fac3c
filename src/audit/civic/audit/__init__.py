"""The public log: what makes it checkable by anyone that every accepted ballot is in the count.

Nothing in this context knows a registration or a voter; what enters is ballots and events.
"""
