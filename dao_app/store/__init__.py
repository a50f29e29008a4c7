"""SQLAlchemy Core over SQLite: the log, the entities of the final state, checkpoints, content."""
