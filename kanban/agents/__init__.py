"""Runs of profiles: one loop, other prompts and other tools for each purpose."""
