"""`civic leakscan`: sends marked people down every path, then searches all stored bytes."""
