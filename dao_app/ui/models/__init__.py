"""Models that hold views for lists, and what a row of each kind shows."""
