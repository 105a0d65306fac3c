"""What every context's errors have in common."""


class Unavailable(Exception):
    """A dependency refused or did not answer; the work may be tried again, later.

    A context's own errors of this kind derive from it: by it a consumer tells an outage, which is
    nobody's fault, from a message that cannot be handled.
    """
