"""Cancellations that Python 3.11 forgets.

``asyncio.wait_for``, which aiomqtt waits with, drops one that comes together with the answer, and a TaskGroup one that
comes together with an error. A sink that drops its own never ends, and the service with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def heed_cancel() -> None:
    """Raises CancelledError if this task was cancelled, however long ago."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def heeding(answer: Awaitable[T]) -> T:
    """The answer, unless this task was cancelled meanwhile."""
    result = await answer
    heed_cancel()
    return result


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Until the first of them ends; the others are cancelled, its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
