"""The Lambda functions of the analytics domain, one module each."""
