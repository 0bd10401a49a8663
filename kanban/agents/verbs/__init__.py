"""The verbs of agents, a file for each kind."""
