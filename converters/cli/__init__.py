"""Verbs of the converters package: one verb, one file."""
