"""A small national identity provider, for tests and demonstrations only."""
