"""The deployed stacks: the embedded engine, build, deployment, and clients of a stack."""
