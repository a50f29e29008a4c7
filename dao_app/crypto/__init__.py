"""Keys, signatures, sealing and secrets at rest; libsodium through PyNaCl, no primitives of our own."""
