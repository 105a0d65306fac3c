"""Every store, queue, signer and bus in memory: one per port, under the port's contract test."""
