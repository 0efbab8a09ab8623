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
    clients = {}
    for k in range(count):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        clients[s] = BEGUN[k % len(BEGUN)]
    reached, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        for s, text in clients.items():
            with contextlib.suppress(OSError):
                s.send(b"x" if s in reached else text)
                reached.add(s)
        time.sleep(0.2)
    print(len(reached))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
