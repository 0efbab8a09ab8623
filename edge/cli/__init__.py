"""The ``nuthatch`` command: finds its verbs in the entry points, imports only the one asked for."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
OUR_PACKAGES = ("edge", "training", "converters")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a verb and exit: 0 ok, 1 failure with one line on stderr, 2 usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        let_reader_go()
        code = 0
    except KeyboardInterrupt:
        code = 130
    except OSError as e:
        if e.strerror is None or (e.filename is None and e.errno not in NO_ROOM):  # not of a path: a defect
            raise
        code = _fail(": ".join(str(x) for x in (e.filename, e.strerror) if x) + "; give another path, or make room")
    except ModuleNotFoundError as e:
        code = _fail(_remedy_for(e, arguments))
    except Exception as e:
        # An exception type of our own is always a line for the user; any other is a defect and shows itself.
        if type(e).__module__.partition(".")[0] not in OUR_PACKAGES:
            raise
        code = _fail(" ".join(str(e).split()))
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    from edge.cli.verbs import application

    try:
        application(arguments)(args=arguments, prog_name="nuthatch")
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else 0 if e.code is None else 1
    return 0


def _fail(line: str) -> int:
    print(f"nuthatch: {line}", file=sys.stderr)
    return 1


def let_reader_go() -> None:
    """``nuthatch ... | head -1``: the reader has enough; Python must not flush into the pipe again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _remedy_for(error: ModuleNotFoundError, arguments: list[str]) -> str:
    from edge.cli.extras import install_line
    from edge.cli.verbs import package_of

    verb = next((a for a in arguments if not a.startswith("-")), "nuthatch")
    line = install_line(error.name or "", package_of(verb))
    if line is None:
        raise error
    return f"{verb}: needs {error.name}, which is not installed; {line}"
