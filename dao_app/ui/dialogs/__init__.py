"""Dialogs that name what is about to be signed."""
