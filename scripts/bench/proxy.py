"""A network between the program and the server: everything arrives half a round trip later."""

import queue
import socket
import threading
import time
from urllib.parse import urlsplit, urlunsplit

# PostgreSQL's ReadyForQuery: the connection stands.
READY = b"Z\x00\x00\x00\x05I"


class Far:
    """A proxy on loopback to the server of a URL, with a round trip of so many seconds."""

    def __init__(self, url, round_trip):
        parts = urlsplit(url)
        self._server, self._delay = (parts.hostname, parts.port or 5432), round_trip / 2
        self.round_trip = round_trip
        self._listener = socket.create_server(("127.0.0.1", 0))
        login, port = parts.netloc.rpartition("@")[0], self._listener.getsockname()[1]
        self.url = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))
        self._connecting = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def take_connecting(self):
        """How long the first connection since the last call took until it stood, in seconds."""
        connecting, self._connecting = self._connecting, []
        return connecting[0] if connecting else None

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line(client, server)
            self._line(server, client, time.perf_counter())

    def _line(self, source, target, began=None):
        """Carries one direction: read at once, delivered later, in order. `began`: when the connection did, to see how long it takes."""
        under_way = queue.Queue()

        def read():
            data = True
            while data:
                try:
                    data = source.recv(1 << 16)
                except OSError:
                    data = b""
                under_way.put((time.perf_counter() + self._delay, data))

        def deliver():
            is_new = began is not None
            while True:
                due, data = under_way.get()
                time.sleep(max(0.0, due - time.perf_counter()))
                if is_new and READY in data:
                    self._connecting.append(time.perf_counter() - began)
                    is_new = False
                try:
                    if not data:
                        return target.shutdown(socket.SHUT_WR)
                    target.sendall(data)
                except OSError:
                    return None

        for work in (read, deliver):
            threading.Thread(target=work, daemon=True).start()
