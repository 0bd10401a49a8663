"""The board in the terminal: from here a person watches and steers everything."""
