"""One company of the example: a home, and a node while it serves."""

import json
import socket
import subprocess
import sys
import time

OEM = "oem.example"
SUPPLIERS = ["supplier-a.example", "supplier-b.example"]
DATASET = f"{OEM}/boards"


class Company:
    """One company: its home, and its node while it serves."""

    def __init__(self, program, folder, origin):
        self.program, self.origin = program, origin
        self.home = folder / origin
        self.node = None

    def attempt(self, *words, clock=None):
        """Runs a command, perhaps with its clock moved, and returns how it ended."""
        command = [self.program, *words, "--home", str(self.home), "--json"]
        if clock:
            command = ["faketime", "-f", clock, *command]
        return subprocess.run(command, capture_output=True, text=True)

    def run(self, *words, clock=None):
        """Runs a command that has to work, and returns its JSON document."""
        done = self.attempt(*words, clock=clock)
        if done.returncode != 0:
            sys.exit(f"{self.origin}: {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def serve(self, port, log):
        """Starts the node and waits until it answers."""
        self.node = subprocess.Popen(
            [self.program, "serve", "--home", str(self.home), "--peer", f"127.0.0.1:{port}"],
            stderr=open(log, "w"),
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.node.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit(f"{self.origin} does not serve; see {log}")

    def stop(self):
        """Ends the node as an operator would."""
        if self.node:
            self.node.terminate()
            self.node.wait(timeout=20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text):
    print(f"\n== {text}", flush=True)
