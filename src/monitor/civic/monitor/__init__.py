"""Those who watch a public log from outside: witnesses and anchors."""
