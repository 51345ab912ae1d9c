"""`scripts/ring`, which `make ring` runs: it says where its machines are, and stops them all when it is stopped."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

from machine import ROOT, WAIT_S_MAX, binary, free_port, until


class Ring:
    """The script, with one machine."""

    def __init__(self, place, port):
        self.place, self.port = place, port
        self.log = place.with_suffix(".log")

    def __enter__(self):
        words = ["--program", binary(), "--data", self.place, "--machines", "1", "--port", str(self.port)]
        # As a shell starts it: Ctrl-C goes to the script and to all that it has started in its group.
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "scripts" / "ring", *words], stdout=log, stderr=log, process_group=0
            )
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(WAIT_S_MAX)

    def said(self):
        return self.log.read_text()

    def until_it_runs(self):
        def runs():
            assert self.process.poll() is None, self.said()
            return "Ctrl-C stops all machines." in self.said()

        until(runs, "the ring runs")

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(WAIT_S_MAX)


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_runs_says_where_and_stops_cleanly_and_takes_up_where_it_was(tmp_path):
    place, port = tmp_path / "ring", free_port()
    settings = place / "1" / "tertulia.toml"
    peers = []
    for _ in range(2):
        with Ring(place, port) as ring:
            ring.until_it_runs()
            assert f"http://127.0.0.1:{port}" in ring.said() and "status --watch" in ring.said()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=WAIT_S_MAX) as answer:
                assert answer.status == 200
            peers.append(settings.read_text())
            assert ring.interrupt() == 0, ring.said()
        assert "Stopped." in (place / "1.log").read_text(), "it was told once, and finished what it had begun"
        assert is_free(port)
    assert peers[0] == peers[1], "the machines find each other where they were"


def test_a_machine_that_cannot_start_is_named_and_none_stays_behind(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with Ring(tmp_path / "ring", taken.getsockname()[1]) as ring:
            assert ring.process.wait(WAIT_S_MAX) == 1
            assert "machine 1 has ended" in ring.said() and "in use" in ring.said()


def test_a_machine_that_ends_by_itself_is_told_with_how_to_start_it_again(tmp_path):
    with Ring(tmp_path / "ring", free_port()) as ring:
        ring.until_it_runs()
        found = subprocess.run(
            ["pgrep", "-P", str(ring.process.pid)], capture_output=True, text=True, check=True, timeout=WAIT_S_MAX
        )
        os.kill(int(found.stdout), signal.SIGKILL)
        until(lambda: f"up --data {tmp_path / 'ring' / '1'}" in ring.said(), "it is told")
