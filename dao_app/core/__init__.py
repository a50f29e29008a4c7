"""The pure core: no I/O, clock, randomness, threads or floats; the standard library and the CBOR codec only."""
