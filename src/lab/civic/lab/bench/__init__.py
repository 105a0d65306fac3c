"""`civic bench`: what the system costs, counted on in-memory AWS and never asserted."""
