"""Why a run is started: to work, review, diagnose, or do what only the orchestrator does."""
