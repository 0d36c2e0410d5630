"""Something between a node and its S3 gateway that makes the store slow, or late to show what was put there."""

import contextlib
import http.client
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# What belongs to one connection, and not to what is asked on it.
HOP = {"connection", "keep-alive", "transfer-encoding"}


class Between:
    """Passes requests on as they are, so their signatures hold, under a certificate of the gateway's own.

    `delay` is for how many seconds an answer is kept back. What is put while it `hides` is there, and is not found
    until `show`.
    """

    def __init__(self, store):
        self.store, self.delay, self.hides = store, 0.0, False
        self.kept, self.hidden = [], []
        self._fresh = set()
        trust = ssl.create_default_context(cafile=str(store.folder / "ca.pem"))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle(handler):
                # Whoever was killed has closed the connection.
                with contextlib.suppress(OSError):
                    super().handle()

            def pass_on(handler):
                body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
                status, headers, answer = self._ask(trust, store.gateway, handler, body)
                if self.delay:
                    self.kept.append((handler.command, handler.path))
                    time.sleep(self.delay)
                handler.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in HOP | {"content-length"}:
                        handler.send_header(name, value)
                handler.send_header("content-length", str(len(answer)))
                handler.end_headers()
                handler.wfile.write(answer)

            do_GET = do_PUT = do_DELETE = pass_on

        self._handler, self._port = Handler, 0
        self.start()
        self.url = store.url.replace(f"127.0.0.1:{store.gateway}", f"127.0.0.1:{self._port}")

    def start(self):
        """Listens, at the same port each time."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._port = self._server.server_address[1]
        self._server.daemon_threads = True
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(self.store.folder / "own.pem", self.store.folder / "own.key")
        self._server.socket = own.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Takes no connection any more."""
        self._server.shutdown()
        self._server.server_close()

    def show(self):
        """From now on all that was put is found."""
        self.hides = False
        self._fresh.clear()

    def _ask(self, trust, port, handler, body):
        """What the gateway says, and nothing of an object that does not show yet."""
        place = urlsplit(handler.path).path
        if handler.command == "GET" and place in self._fresh:
            self.hidden.append(place)
            missing = (f"<Error><Code>NoSuchKey</Code><Message>x</Message><Resource>{place}</Resource></Error>").encode()
            return 404, [("content-type", "application/xml")], missing
        link = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=60)
        try:
            link.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in HOP:
                    link.putheader(name, value)
            link.endheaders(body or None)
            answer = link.getresponse()
            found = answer.status, answer.getheaders(), answer.read()
        except OSError:
            # As a gateway in front of one that is gone.
            return 503, [], b"<Error><Code>ServiceUnavailable</Code></Error>"
        finally:
            link.close()
        if handler.command == "PUT" and found[0] == 200 and self.hides:
            self._fresh.add(place)
        return found
