"""Small widgets that show and emit; each knows nothing of the engine."""
