"""The Lambda functions of the identity domain, one module each."""
