"""A hostile server, which an honest node dials."""

import http.server
import json
import ssl
import threading

from .program import RUNNING


class Dialled:
    """Serves a company's identity; `answer(handler)` answers each GET, with `handler.out` or by hand."""

    def __init__(self, company, steward_home, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def out(self, body, kind="application/json"):
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self.out(b"{}")

            def do_GET(self):
                answer(self)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads, self.http.block_on_close = True, False
        self.http.handle_error = lambda *_: None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*company.identity)
        context.set_alpn_protocols(["http/1.1"])
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(steward_home + "/trust/ca.pem")
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        RUNNING.append(self)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def offer(name, size, checkpoint):
    """The body of `GET /v1/logs` with one log."""
    line = {"origin": name, "size": size, "checkpoint": checkpoint.decode()}
    return json.dumps({"logs": [line]}).encode()
