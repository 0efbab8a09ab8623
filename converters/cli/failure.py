"""What the user can mend is one line on stderr and exit code 1, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from converters.error import ConvertError
from edge.manifest import BundleError


@contextmanager
def one_line() -> Iterator[None]:
    """Around the work of a verb."""
    try:
        yield
    except BrokenPipeError:  # a reader that has enough is no failure
        raise
    except (ConvertError, BundleError, OSError) as e:
        typer.echo(f"nuthatch: {' '.join(str(e).split())}", err=True)
        raise typer.Exit(1) from None
