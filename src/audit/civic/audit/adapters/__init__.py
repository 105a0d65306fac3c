"""The ports over AWS: ``port_technology`` modules."""
