"""`make demo`: the main job against the real HTTP API, and proof that it reconciles."""
