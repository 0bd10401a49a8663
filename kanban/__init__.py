"""A board on which one person runs LLM agents and on which nothing gets lost."""
