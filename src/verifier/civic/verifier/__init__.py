"""An independent checker of what a Civic deployment publishes; docs/verification.md is its rule."""
