"""How people and programs reach the board."""
