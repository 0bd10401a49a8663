"""Words and decisions of the board: standard library and pydantic only, no I/O."""
