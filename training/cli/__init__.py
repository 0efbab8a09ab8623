"""Verbs of the training package: one verb, one file."""
