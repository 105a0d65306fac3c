import os

from hypothesis import settings

settings.register_profile("deep", max_examples=3000, deadline=None)
if os.environ.get("CIVIC_DEEP"):
    settings.load_profile("deep")
