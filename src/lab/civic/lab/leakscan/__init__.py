"""`civic leakscan`: marked people through every path, then every byte that the stack holds."""
