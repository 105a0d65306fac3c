"""`make demo`: the whole system through its real HTTP API, and proof that it reconciles."""
