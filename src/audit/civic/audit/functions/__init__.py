"""The Lambda functions of the audit domain, one module each."""
