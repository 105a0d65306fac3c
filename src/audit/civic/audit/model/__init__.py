"""The pure model of the audit domain: trees, tiles, notes and entries, as bytes."""
