"""Watching a public log from outside: witnesses and anchors."""
