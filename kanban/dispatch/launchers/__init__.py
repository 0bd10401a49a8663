"""Where the process of a run lives."""
