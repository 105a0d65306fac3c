"""The analytics domain: aggregates for the analytics team, and nothing finer."""
