"""A reverse proxy that writes down every call: what the apps asked for, and with what status they were answered.

It changes nothing: the `Host` that the app named goes through, so that links in the answers lead back here. An answer
without an end (a stream) is passed on piece by piece, and after an upgrade (a WebSocket) bytes go both ways unread.
"""

import http.client
import re
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

# Of this connection only, so not passed on.
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "proxy-authenticate", "proxy-authorization"}
PIECE_BYTES = 64 * 1024


class Call(NamedTuple):
    app: str
    method: str
    path: str
    status: int


def shape(path):
    """The path without what differs from call to call: ids, nicks, tags and the query."""
    path = path.split("?")[0]
    path = re.sub(r"/\d+(?=/|$)", "/:id", path)
    path = re.sub(r"/@[a-z0-9_]+", "/@:nick", path)
    path = re.sub(r"/(tag|tags)/[^/]+", r"/\1/:tag", path)
    return re.sub(r"(?<=.)/$", "", path)


class Recorder:
    """The proxy, running in threads of its own, and what it has seen."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.calls = []
        self.lock = threading.Lock()
        recorder = self

        class Handler(Exchange):
            owner = recorder

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def note(self, app, method, path, status):
        with self.lock:
            self.calls.append(Call(app, method, shape(path), status))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer."""

    owner = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        self.close_connection = True
        app = self.headers.get("User-Agent", "?").split("/")[0]
        upgrade = self.headers.get("Upgrade")
        connection = http.client.HTTPConnection(self.owner.upstream, timeout=300)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP:
                connection.putheader(name, value)
        connection.putheader("Connection", "Upgrade" if upgrade else "close")
        length = int(self.headers.get("Content-Length") or 0)
        connection.endheaders(self.rfile.read(length) if length else None)
        # Kept apart: http.client gives the socket away once it knows that the answer closes it.
        wire = connection.sock
        answer = connection.getresponse()
        self.owner.note(app, self.command, self.path, answer.status)

        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Connection", "Upgrade" if answer.status == 101 else "close")
        self.end_headers()
        if answer.status == 101:
            # What came right behind the head has been read already, into the answer's buffer.
            wire.setblocking(False)
            self.wfile.write(answer.fp.peek())
            wire.setblocking(True)
            self.relay(wire)
        elif self.command != "HEAD":
            while piece := answer.read1(PIECE_BYTES):
                self.wfile.write(piece)
                self.wfile.flush()
        connection.close()

    def relay(self, wire):
        other = {wire: self.connection, self.connection: wire}
        while True:
            for end in select.select(list(other), [], [], 300)[0]:
                piece = end.recv(PIECE_BYTES)
                if not piece:
                    return
                other[end].sendall(piece)

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, socket.timeout, http.client.HTTPException):
            # One side went away: the other finds out by the closed connection.
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = pass_on
