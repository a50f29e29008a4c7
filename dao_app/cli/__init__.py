"""The command line ``guildhall``: parses, calls one use case, renders, exits with its code."""
