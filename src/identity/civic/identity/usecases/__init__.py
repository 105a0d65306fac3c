"""What the identity domain can be asked to do, one function per command."""
