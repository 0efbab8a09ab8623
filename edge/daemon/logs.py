"""What the service says while it runs: lines for people or JSON, on stderr; no secret is ever in one.

Everything goes through the standard library's logging, so that libraries come out the same way.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from typing import Any, TextIO

import structlog
from pydantic import BaseModel, SecretStr

from edge.daemon import secret
from edge.daemon.health import Status
from edge.daemon.record import Record
from edge.daemon.sections import Log

HIDDEN = "********"
_SECRET_NAME = re.compile(r"token|passw|secret|authorization|cookie|private|api_?key", re.I)
_USER_IN_URL = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")
_QUIET = ("aiohttp.access", "asyncio", "zeroconf", "mqtt", "wyoming")
"""Libraries that would say a line for each request; their warnings are heard."""
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}

LOG = structlog.stdlib.get_logger("nuthatch")

Line = dict[str, Any]


def start(config: Log, out: TextIO | None = None) -> None:
    """From now on; may be called again with another configuration."""
    out = out or sys.stderr
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    render = _json if config.format == "json" else _journal if _is_journal(out) else _text
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, lambda *a: redacted(render(a[2]))],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def heard(record: Record) -> None:
    """One line for one detection or change of a state."""
    LOG.info(
        "heard",
        label=record.label,
        score=round(record.score, 3),
        model=record.model,
        task=record.task,
        time_s=round(record.time_s, 3),
        id=record.id,
    )


def changed(part: str, status: Status) -> None:
    """One line when a part of the daemon became well or ill; give it to ``Health``."""
    say = LOG.info if status.ok else LOG.warning
    say(status.state, part=part, **({"text": status.text} if status.text else {}))


def redacted(text: str) -> str:
    """Without any secret that was ever read, whoever wrote it into the line."""
    for known in secret.known:
        text = text.replace(known, HIDDEN)
    return _USER_IN_URL.sub(rf"\g<1>{HIDDEN}@", text)


def _without_secrets(_logger: Any, _method: str, line: Any) -> Any:
    return {key: HIDDEN if _SECRET_NAME.search(key) else _plain(value) for key, value in line.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, str):
        return redacted(value)  # here too: JSON may write it with other characters
    if isinstance(value, dict):
        return _without_secrets(None, "", {str(k): v for k, v in value.items()})
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return repr(value) if isinstance(value, BaseModel | bytes) else value


def _json(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, default=str)


def _text(line: Line) -> str:
    """``2026-11-22T17:00:33Z info     heard  label=alexa score=0.97``."""
    moment = f"{str(line.pop('timestamp', ''))[:19]}Z"
    return f"{moment} {line.pop('level', 'info'):<7} {_rest(line)}"


def _journal(line: Line) -> str:
    """The journal has the time already and takes the priority from the line's head (sd-daemon(3))."""
    line.pop("timestamp", None)
    priority = _PRIORITY.get(line.pop("level", "info"), 6)
    return "\n".join(f"<{priority}>{text}" for text in _rest(line).splitlines())


def _rest(line: Line) -> str:
    name, event = line.pop("logger", ""), line.pop("event", "")
    trace = line.pop("exception", "")
    where = "" if name in ("", "nuthatch") else f"[{name.removeprefix('nuthatch.')}] "
    pairs = " ".join(f"{key}={_word(value)}" for key, value in line.items())
    return f"{where}{event}{'  ' if pairs else ''}{pairs}" + (f"\n{trace}" if trace else "")


def _word(value: Any) -> str:
    text = str(value)
    return text if re.fullmatch(r"[^\s\"=]+", text) else json.dumps(text, ensure_ascii=False)


def _is_journal(out: TextIO) -> bool:
    """systemd names the device and inode of the stream that it gave."""
    try:
        found = os.fstat(out.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
