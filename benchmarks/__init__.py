"""How fast the board is: each figure beside its target, and beside a reference taken in the same run."""
