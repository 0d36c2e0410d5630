"""One company of the example: a home, and a node while it serves."""

import json
import socket
import subprocess
import sys

import patience

OEM = "oem.example"
SUPPLIERS = ["supplier-a.example", "supplier-b.example"]
DATASET = f"{OEM}/boards"
# Large imports take a minute; what takes ten hangs.
COMMAND_SECONDS = 600


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
        return patience.run(command, COMMAND_SECONDS)

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
        patience.answers(port, self.node, f"{self.origin}, which writes to {log},")

    def stop(self, seconds=patience.HANG_SECONDS):
        """Ends the node as an operator would."""
        if self.node:
            patience.ended(self.node, self.origin, seconds)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(text):
    print(f"\n== {text}", flush=True)
