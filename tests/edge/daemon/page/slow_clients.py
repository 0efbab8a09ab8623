"""A program: many connections that never read, ask slowly or ask nothing. ``slow_clients.py PORT COUNT SECONDS``"""

import contextlib
import socket
import sys
import time

WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
BEGUN = [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"\x16\x03\x01", WEBSOCKET]


def main(port, count, seconds):
    open_ones = []
    for k in range(count):
        with contextlib.suppress(OSError):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            s.settimeout(5)
            s.connect(("127.0.0.1", port))
            s.sendall(BEGUN[k % len(BEGUN)])
            open_ones.append(s)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for s in open_ones:
            with contextlib.suppress(OSError):
                s.send(b"x", socket.MSG_DONTWAIT)
        time.sleep(0.2)
    print(len(open_ones))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
