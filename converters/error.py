"""The one exception that conversion raises for what its user can mend."""

from __future__ import annotations


class ConvertError(Exception):
    """One line: the layer or file, the number, the remedy. The command line prints it and exits with 1."""
