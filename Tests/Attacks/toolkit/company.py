"""A company that makes its certificates, its connections and its requests by hand."""

import http.client
import json
import os
import socket
import ssl

from .certificates import der, dns, issue, key_pem, make_authority, new_key, pem, raw
from .notes import ReadCheckpoint, unbundle, verifier_key
from .program import RUNNING

BUNDLE_ENTRIES = 256


class Company:
    """Its authority, node certificate and log key, and what it asks a node."""

    def __init__(self, origin, folder):
        self.origin, self.folder = origin, str(folder)
        self.authority_key, self.authority = make_authority(origin)
        self.node_key, self.node = self.issue()
        self.log_key = new_key()
        os.makedirs(self.folder, exist_ok=True)
        self.root_pem = self.write("root.pem", pem(self.authority))
        self.identity = self.files("node", self.node_key, self.node)

    # MARK: Keys and files

    def issue(self, *names, **settings):
        """A further key with a certificate of this company's authority."""
        return issue(self.authority_key, self.authority, dns(*(names or [self.origin])), **settings)

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def files(self, name, key, *certificates):
        """A certificate and its key as files, to connect with."""
        chain = self.write(name + ".pem", b"".join(map(pem, certificates)))
        return chain, self.write(name + ".key", key_pem(key))

    def introduction(self, log_key=None, certificate=None):
        """The members of the addKey act that a log begins with."""
        return [der(certificate or self.node)], raw(log_key or self.log_key)

    def verifier_key(self, dataset):
        """The log key as `partner add --vkey` takes it."""
        return verifier_key(f"{self.origin}/{dataset}", raw(self.log_key))

    # MARK: Connections

    def tls(self, identity=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        if identity is not False:
            context.load_cert_chain(*(identity or self.identity))
        return context

    def connect(self, port, timeout=30, identity=None):
        """A connection that stays open."""
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=self.tls(identity), timeout=timeout)
        connection.connect()
        RUNNING.append(connection)
        return connection

    def socket(self, port, timeout=10, identity=None):
        """A bare TLS connection, for what is no HTTP."""
        plain = socket.create_connection(("127.0.0.1", port), timeout)
        wrapped = self.tls(identity).wrap_socket(plain, server_hostname="x")
        RUNNING.append(wrapped)
        return wrapped

    def call(self, port, method, path, body=None, headers=None, timeout=60, identity=None):
        """(status, body); status 0 where the connection ended without an answer."""
        try:
            connection = self.connect(port, timeout, identity)
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error).encode()
        try:
            return ask(connection, method, path, body, headers or {})
        finally:
            connection.close()
            if connection in RUNNING:
                RUNNING.remove(connection)

    # MARK: What a node shows it

    def offered(self, port):
        """{log name: its line} as `GET /v1/logs` tells this company; None where it tells nothing."""
        status, body = self.call(port, "GET", "/v1/logs")
        if status != 200:
            return None
        return {line["origin"]: line for line in json.loads(body)["logs"]}

    def held(self, port, log_name):
        """How many entries of a log the node holds, as it tells this company; None where it tells nothing."""
        status, body = self.call(port, "GET", "/v1/logs")
        if status != 200:
            return None
        answer = json.loads(body)
        for line in answer["logs"]:
            if line["origin"] == log_name:
                return line["size"]
        for ended in answer.get("ended", []):
            if log_name == f"{self.origin}/{ended['dataset']}":
                return ended["size"]
        return 0

    def checkpoint(self, port, log_name):
        """The checkpoint that the node serves of a log; None if it serves none."""
        status, body = self.call(port, "GET", f"/logs/{log_name}/checkpoint")
        return ReadCheckpoint(body) if status == 200 else None

    def entries(self, port, log_name, size):
        """The first `size` entries of a log as the node serves them; None where it serves less."""
        entries = []
        while len(entries) < size:
            number, width = len(entries) // BUNDLE_ENTRIES, min(BUNDLE_ENTRIES, size - len(entries))
            path = f"/logs/{log_name}/tile/entries/{tile_path(number)}"
            if width < BUNDLE_ENTRIES:
                path += f".p/{width}"
            status, body = self.call(port, "GET", path)
            if status != 200:
                return None
            entries += unbundle(body)
        return entries


def ask(connection, method, path, body=None, headers=None):
    """One request on an open connection: (status, body); status 0 where it ended without an answer."""
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error).encode()


def tile_path(number):
    """A tile's number in groups of three digits, all but the last with an x in front."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)
