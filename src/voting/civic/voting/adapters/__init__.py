"""The ports implemented on AWS, in modules named ``port_technology``."""
