"""Versioned rule sets as TOML; ``model/rules.py`` says what each entry means."""
