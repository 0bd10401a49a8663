"""The files that people edit: settings, profiles, rubric, hosts, prompts, and the home that holds them."""
