"""Data files of the program, installed as the package ``guildhall_resources``."""
