"""Pure model of the analytics domain."""
