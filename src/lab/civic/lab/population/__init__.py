"""Populations of registrations: made up from a seed, read from a file, written to one."""
