"""Backends that run a model's files: one backend, one file."""

from edge.runtime.error import ModelFileError

__all__ = ["ModelFileError"]
