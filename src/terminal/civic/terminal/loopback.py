"""Where our own servers listen: on this machine only."""

LOOPBACK = "127.0.0.1"
