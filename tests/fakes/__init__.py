"""Stand-ins for what is outside the part under test; each follows the port it stands for."""
