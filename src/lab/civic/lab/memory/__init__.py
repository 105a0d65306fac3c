"""Every store, queue, signer and bus in memory: one for each port, as its contract test has it."""
