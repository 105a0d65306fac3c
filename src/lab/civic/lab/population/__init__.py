"""Populations of registrations: made up from a seed, and written to a file."""
