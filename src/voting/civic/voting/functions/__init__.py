"""The Lambda functions of the voting domain, one module each."""
