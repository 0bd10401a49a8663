"""What stands between an agent's wish and its effect."""
