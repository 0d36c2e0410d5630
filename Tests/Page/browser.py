"""Nodes that serve the page, and browsers that look at it."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
# What a browser itself notes of an answer that is meant: an item without a file, a session that is not there yet, a
# picture that is refused; and what the drawing by software says of itself.
EXPECTED = ("status of 404", "status of 401", "status of 413", "GL Driver Message", "GroupMarkerNotSet", "swiftshader", "net::ERR_")
HANG_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """A company's node with its page."""

    def __init__(self, home, peer, media):
        self.home, self.peer, self.media, self.ui = home, peer, media, free_port()
        self.process = self.session = None

    def start(self):
        """Starts it and waits for the link that it prints; returns the link."""
        log = self.home.path.parent / f"{self.home.name}.log"
        self.session = None
        self.process = subprocess.Popen([self.home.program, "serve", "--home", str(self.home.path), "--peer", f"127.0.0.1:{self.peer}", "--ui", f"127.0.0.1:{self.ui}",
                                         "--media", str(self.media)], stderr=open(log, "w"), stdout=subprocess.DEVNULL)
        until = time.monotonic() + HANG_SECONDS
        while time.monotonic() < until:
            for line in log.read_text().splitlines():
                if "/#token=" in line:
                    self.link = line[line.index("http"):].split()[0]
                    with socket.socket() as probe:
                        if probe.connect_ex(("127.0.0.1", self.ui)) == 0:
                            return self.link
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"{self.home.name} did not serve:\n{log.read_text()[-2000:]}")

    @property
    def base(self):
        return f"http://127.0.0.1:{self.ui}/"

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(HANG_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
            self.process = None


class Browser:
    """One Chromium for all; each `page` is a browser of its own with its own cookies."""

    def __enter__(self):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        return self

    def __exit__(self, *_):
        self.chromium.close()
        self.playwright.stop()

    def page(self, node=None, **options):
        """A page that is signed in to a node; `complaints` collects what its console says."""
        # The link works once: later browsers of a company take over the session of the first.
        if node and node.session:
            options["storage_state"] = node.session
        context = self.chromium.new_context(**{"viewport": {"width": 1360, "height": 850}, "locale": "en-GB", **options})
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text) if message.type in ("error", "warning") and not any(word in message.text for word in EXPECTED) else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.set_default_timeout(HANG_SECONDS * 1000)
        if node:
            page.goto(node.base if node.session else node.link)
            page.wait_for_selector(".screen.home h1")
            node.session = {"cookies": context.cookies(), "origins": []}
        return page


def go(page, node, hash, selector):
    """Another screen, and what has to be on it."""
    page.goto(node.base + "#" + hash)
    page.wait_for_selector(selector)


def shot(page, name):
    """Keeps what the page looks like."""
    folder = pathlib.Path(os.environ.get("PAGE_SCREENSHOTS", ".build/page-screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(folder / f"{name}.png"))
