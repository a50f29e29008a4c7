"""What the machine gives: folders, settings, clock, randomness, log, and the local socket."""
