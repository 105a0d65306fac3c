"""The Lambda functions of analytics."""
