"""Bodies, problems and descriptions of the HTTP APIs."""
