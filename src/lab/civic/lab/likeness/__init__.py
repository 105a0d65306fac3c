"""Keys by which registrations of one person could be found; nothing that is deployed uses them."""
