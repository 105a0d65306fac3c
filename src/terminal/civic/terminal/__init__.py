"""What the programs of this project share at the terminal."""
