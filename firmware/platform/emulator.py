"""Runs a program behind a socket as a board behind its UART: starts at the first reader, stands still without one.

    python emulator.py [--background] [--port N] [--record FILE] -- COMMAND...

The command's standard input and output are the UART. Port 0 takes a free one; the address is printed. A reader that
leaves stops the program (SIGSTOP) and the next one lets it go on: nothing is lost, and nobody computes for nobody. It
ends with the program, or after an hour without a reader. A second reader at the same time is told so and sent away.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 3600.0
SETTLE_S = 0.2
"""From the first reader to the start: `pio test` throws away what it finds right after it connected."""
ROOM = 1 << 16
"""Bytes on their way in each direction; whoever writes more waits."""


class Uart:
    """The program, its reader, and the bytes between them."""

    def __init__(self, server: socket.socket, command: list[str]) -> None:
        self.server, self.command = server, command
        self.program: subprocess.Popen[bytes] | None = None
        self.reader: socket.socket | None = None
        self.to_program, self.to_reader = bytearray(), bytearray()
        self.ended = False
        self.since = time.monotonic()

    def serve(self) -> int:
        """Until the program ended and was read, or nobody came; its exit code."""
        while not (self.ended and (self.reader is None or not self.to_reader)):
            if self.reader is None and time.monotonic() - self.since > PATIENCE_S:
                break
            self._turn()
        return self._close()

    def _turn(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self.server, selectors.EVENT_READ, self._accept)
            if self.reader is not None:
                hear = selectors.EVENT_READ if len(self.to_program) < ROOM else 0
                tell = selectors.EVENT_WRITE if self.to_reader else 0
                if hear | tell:
                    ready.register(self.reader, hear | tell, self._exchange)
            self._register_program(ready)
            for key, events in ready.select(timeout=60):
                key.data(events)

    def _register_program(self, ready: selectors.BaseSelector) -> None:
        """Also without a reader: its end is to be seen."""
        if self.program is None:
            return
        assert self.program.stdin is not None and self.program.stdout is not None
        if not self.ended and len(self.to_reader) < ROOM:
            ready.register(self.program.stdout, selectors.EVENT_READ, self._take)
        if not self.ended and self.to_program:
            ready.register(self.program.stdin, selectors.EVENT_WRITE, self._give)

    def _accept(self, events: int) -> None:
        reader, _ = self.server.accept()
        if self.reader is not None and _has_left(self.reader):
            self._left()
        if self.reader is not None:
            with contextlib.suppress(OSError):
                reader.sendall(b"another program is connected to this emulator\r\n")
            reader.close()
            return
        reader.setblocking(False)
        reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = reader
        if self.program is None:
            time.sleep(SETTLE_S)
            self._start()
        else:
            self.program.send_signal(signal.SIGCONT)

    def _start(self) -> None:
        self.program = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for pipe in (self.program.stdin, self.program.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    def _exchange(self, events: int) -> None:
        if events & selectors.EVENT_READ:
            self._hear(events)
        if events & selectors.EVENT_WRITE and self.reader is not None:
            self._tell(events)

    def _hear(self, events: int) -> None:
        assert self.reader is not None
        try:
            heard = self.reader.recv(ROOM)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        if heard:
            self.to_program += heard
        else:
            self._left()

    def _tell(self, events: int) -> None:
        assert self.reader is not None
        try:
            del self.to_reader[: self.reader.send(self.to_reader)]
        except BlockingIOError:
            return
        except OSError:
            self._left()

    def _left(self) -> None:
        """What the program said to a reader who is gone stays for the next one; what was said to it is taken back."""
        assert self.reader is not None and self.program is not None
        self.reader.close()
        self.reader = None
        self.to_program.clear()
        self.since = time.monotonic()
        if not self.ended:
            self.program.send_signal(signal.SIGSTOP)

    def _take(self, events: int) -> None:
        assert self.program is not None and self.program.stdout is not None
        said = os.read(self.program.stdout.fileno(), ROOM)
        self.to_reader += said
        self.ended = not said

    def _give(self, events: int) -> None:
        assert self.program is not None and self.program.stdin is not None
        try:
            del self.to_program[: os.write(self.program.stdin.fileno(), self.to_program)]
        except BrokenPipeError:
            self.to_program.clear()

    def _close(self) -> int:
        for s in (self.reader, self.server):
            if s is not None:
                s.close()
        if self.program is None:
            return 0
        if not self.ended:
            self.program.kill()
            self.program.send_signal(signal.SIGCONT)
        return self.program.wait()


def _has_left(reader: socket.socket) -> bool:
    """Also while bytes from it are still to be read."""
    hung_up = select.POLLHUP | select.POLLERR | select.POLLRDHUP
    poll = select.poll()
    poll.register(reader, hung_up)
    return any(events & hung_up for _, events in poll.poll(0))


def main() -> int:
    options = _options()
    if options.record:
        end_previous(options.record)
    server = _listen(options.port)
    port = server.getsockname()[1]
    pid = _detach(server, options) if options.background else os.getpid()
    if options.record:
        options.record.write_text(json.dumps({"pid": pid, "port": port}), "utf-8")
    print(f"UART on socket://127.0.0.1:{port}, emulator {pid}", flush=True)
    if options.background:
        return 0
    return _serve(Uart(server, options.command))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--background", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--inherit", type=int, help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _listen(port: int) -> socket.socket:
    inherited = _options().inherit
    if inherited is not None:
        return socket.socket(fileno=inherited)
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(("127.0.0.1", port))
    except OSError as e:
        sys.exit(
            f"port {port} of this machine is taken ({e.strerror}), perhaps by the same board of another checkout; "
            "give another one: --upload-port socket://127.0.0.1:0"
        )
    server.listen(4)
    return server


def _detach(server: socket.socket, options: argparse.Namespace) -> int:
    """Another process goes on with the socket, which listens already; its complaints go beside the record."""
    server.set_inheritable(True)
    line = [sys.executable, __file__, "--inherit", str(server.fileno()), "--", *options.command]
    log = options.record.with_suffix(".log") if options.record else Path(os.devnull)
    with log.open("wb") as complaints:
        process = subprocess.Popen(
            line,
            pass_fds=[server.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        )
    return process.pid


def _serve(uart: Uart) -> int:
    def stop(*_: object) -> None:
        raise SystemExit(uart._close())

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return uart.serve()


def end_previous(record: Path) -> None:
    """The emulator that an earlier upload left, if that process is still one."""
    try:
        pid = int(json.loads(record.read_text("utf-8"))["pid"])
        if _is_emulator(pid):
            os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError, KeyError, TypeError):
        return
    for _ in range(200):
        if not _is_emulator(pid):
            return
        time.sleep(0.02)


def _is_emulator(pid: int) -> bool:
    """One of ours that runs; a process that ended has no command line any more."""
    try:
        return Path(__file__).name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
