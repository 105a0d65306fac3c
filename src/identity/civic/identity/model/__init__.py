"""Pure model of the identity domain: no I/O, no clock, no randomness, no AWS."""
