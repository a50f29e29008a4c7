"""Use cases, the ports they need, and the views they return; no adapter is imported here."""
