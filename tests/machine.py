"""A real machine for the tests: the binary, a data directory of its own, a port of its own.

What it prints goes to a file beside its data, and is shown when it does not start. Every wait has a
limit; a machine never outlives its test.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Long enough for a slow computer that does other things meanwhile; nothing is measured by it.
WAIT_S_MAX = 60.0


def binary():
    """The program under test: TERTULIA_BIN, or the one that `make script-tests` has just built."""
    return Path(os.environ.get("TERTULIA_BIN", ROOT / "target" / "debug" / "tertulia"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, what, limit_s=WAIT_S_MAX):
    """The first true answer of `condition`; fails with `what` was waited for when there is none in time."""
    end = time.monotonic() + limit_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit_s:.0f} s in vain until {what}")
        time.sleep(0.02)


class Machine:
    """One `tertulia up`. Started again, it takes up the same data at the same address."""

    def __init__(self, data, address="127.0.0.1", port=None, file_bytes_max=None, **settings):
        self.data = Path(data)
        self.file_bytes_max = file_bytes_max
        self.address = address
        self.port = port or free_port()
        self.settings = {"TERTULIA_RATE_LIMIT": "off", **settings}
        self.process = None

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.host}"

    @property
    def log(self):
        return self.data.with_suffix(".log")

    def start(self, wait=True):
        return self.begin("up", wait=wait)

    def join(self, other):
        """Becomes one more machine of the ring that the other one belongs to. Started again, it belongs to it."""
        invitation = other.command("token")
        return self.begin("join", *invitation["contacts"], TERTULIA_TOKEN=invitation["token"])

    def command(self, *words):
        """What a command of its operator's answers."""
        ran = subprocess.run(
            [binary(), *words, "--data", self.data, "--json"], capture_output=True, text=True, timeout=WAIT_S_MAX
        )
        assert ran.returncode == 0, f"{words}: {ran.stdout} {ran.stderr}"
        return json.loads(ran.stdout)

    def begin(self, *words, wait=True, **secrets):
        command = [binary(), *words, "--data", self.data, "--http", f"{self.address}:{self.port}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.settings, **secrets},
                preexec_fn=self.limit_files,
            )
        if wait:
            self.wait_for(self.ready)
        return self

    def limit_files(self):
        """Beyond the limit a write fails, as on a full disk, and no signal ends the process before it can say so."""
        if self.file_bytes_max is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes_max, self.file_bytes_max))

    def wait_for(self, ready):
        """Until it is ready; a machine that never is does not stay behind."""
        try:
            until(ready, f"the machine at {self.host} is ready")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}; it said:\n{self.said()}") from None

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the machine ended with {self.process.returncode}; it said:\n{self.said()}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def welcome(self):
        """What it says once it serves, whole: it answers before it has written that down."""
        until(lambda: "Ctrl-C stops" in self.said(), f"the machine at {self.host} says how to stop it")
        return self.said()

    def stop(self):
        """As an operator does: it finishes what it has begun."""
        self.end(signal.SIGTERM)

    def kill(self):
        """As a power cut does."""
        self.end(signal.SIGKILL)

    def end(self, with_signal):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            self.process.wait(WAIT_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the machine did not stop; it said:\n{self.said()}") from None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end(signal.SIGKILL)
