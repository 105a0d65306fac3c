"""What the programs of this project share for their use of the terminal."""
