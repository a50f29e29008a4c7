"""Guildhall (共治): the desktop program with which a distributed organisation runs itself."""

__version__ = "0.1.0"
