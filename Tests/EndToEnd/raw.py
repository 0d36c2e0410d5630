"""Companies whose connections a test makes by hand, with the keys of a real home."""

import json
import pathlib
import select
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402

OEM, TIER, EVIL = "oem.example", "tier.example", "evil.example"
DATASET = f"{OEM}/boards"
# How long anything may take on this machine before it counts as a hang, in seconds.
HANG = int(patience.bound(240))
failures = []


def check(condition, what):
    print(("ok       " if condition else "FAILED   ") + what, flush=True)
    if not condition:
        failures.append(what)


def finish():
    if failures:
        sys.exit(f"{len(failures)} of the checks failed")


def companies(program, folder, port, *others):
    """The steward, which will serve on a port, and members that know each other."""
    oem = Company(program, folder, OEM)
    members = [Company(program, folder, origin) for origin in others]
    for company in (oem, *members):
        company.run("init", "--org", company.origin, "--name", company.origin)
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("annotate", "boards", "a.png", "--class", "spur", "--box", "1,2,3,4")
    for member in members:
        add(oem, member, folder)
        member.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"),
                   "--url", f"https://127.0.0.1:{port}")
        oem.run("member", "set", "boards", member.origin, "--role", "annotator")
    return oem, *members


def add(company, other, folder, *words):
    company.run("partner", "add", other.origin, "--root", str(folder / f"{other.origin}.pem"), *words)


def log_folder(company, origin):
    return company.home / "logs" / origin / DATASET


def push_body(company):
    """A push of a company's whole log, which fits into one bundle."""
    note = (log_folder(company, company.origin) / "checkpoint").read_bytes()
    return len(note).to_bytes(4, "big") + note + bundle(company)


def bundle(company):
    """The entries of a company's own log, which are less than 256."""
    files = (log_folder(company, company.origin) / "tile/entries").glob("000.p/*")
    return max(files, key=lambda path: int(path.name)).read_bytes()


class Link:
    """A TLS connection that one thread may write to while another reads, which OpenSSL's object alone does not bear."""

    def __init__(self, tls, timeout):
        self.tls, self.lock, self.timeout = tls, threading.Lock(), timeout
        tls.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.tls.close()

    def settimeout(self, seconds):
        self.timeout = seconds

    def wait(self, end, reads):
        left = max(0, end - time.monotonic())
        if not any(select.select([self.tls] if reads else [], [] if reads else [self.tls], [], left)):
            raise TimeoutError("the connection does not move")

    def recv(self, most):
        end = time.monotonic() + self.timeout
        while True:
            with self.lock:
                try:
                    return self.tls.recv(most)
                except ssl.SSLWantReadError:
                    pass
            self.wait(end, reads=True)

    def sendall(self, data):
        end = time.monotonic() + self.timeout
        rest = memoryview(data)
        while rest:
            with self.lock:
                try:
                    rest = rest[self.tls.send(rest):]
                    continue
                except ssl.SSLWantWriteError:
                    pass
            self.wait(end, reads=False)


def connect(company, port, timeout=HANG):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(company.home / "trust/own.pem", company.home / "keys/node.key")
    plain = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    return Link(context.wrap_socket(plain, server_hostname=OEM), timeout)


def answer(link):
    """The next answer with a length: status, document. Status 0 where the connection ends without one."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = link.recv(1)
            if not piece:
                return 0, None
            data += piece
        head = data.partition(b"\r\n\r\n")[0].decode(errors="replace").lower()
        length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        body = b""
        while len(body) < length:
            piece = link.recv(length - len(body))
            if not piece:
                break
            body += piece
    except OSError:
        return 0, None
    try:
        return int(head.split()[1]), json.loads(body)
    except ValueError:
        return int(head.split()[1]), body


def ask(link, method, path, body=b"", headers=""):
    length = f"content-length: {len(body)}\r\n" if body or method == "POST" else ""
    try:
        link.sendall(f"{method} {path} HTTP/1.1\r\nhost: {OEM}\r\n{length}{headers}\r\n".encode() + body)
    except OSError:
        pass
    return answer(link)


def once(company, port, method, path, body=b"", headers=""):
    """One request on a connection of its own."""
    try:
        with connect(company, port) as link:
            return ask(link, method, path, body, headers)
    except OSError:
        return 0, None


def is_ended(link):
    """Waits until the other side ends a connection; False if it never does."""
    try:
        while link.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def memory(process):
    """The most memory that a process has had, in MiB."""
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))


class HostileServer:
    """A partner that is dialled and answers as a test likes: `answers` maps a path's beginning to a function of the handler."""

    def __init__(self, company, oem):
        self.answers = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def whole(self, body, status=200, headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def raw(self, data):
                self.wfile.write(data)
                self.wfile.flush()

            def do_GET(self):
                found = max((p for p in outer.answers if self.path.startswith(p)), key=len, default=None)
                try:
                    outer.answers[found](self) if found else self.whole(b"", 404)
                except OSError:
                    self.close_connection = True

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self.do_GET()

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(company.home / "trust/own.pem", company.home / "keys/node.key")
        context.set_alpn_protocols(["http/1.1"])
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(oem.home / "trust/ca.pem")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.server.handle_error = lambda *_: None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def wait_for(condition, what):
    """Waits until something holds, and notes if it never does."""
    end = time.monotonic() + HANG
    while time.monotonic() < end:
        if condition():
            return check(True, what)
        time.sleep(0.1)
    check(False, what)
