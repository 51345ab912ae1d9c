"""What `deploy/` hands to operators: the unit starts a machine, and two networks joined by a router carry a ring and its people.

No container engine is asked for: `compose.yaml`'s networks, addresses and commands are taken from it and laid with network namespaces.
"""

import json
import os
import re
import shlex
import signal
import subprocess

import pytest

from machine import ROOT, WAIT_S_MAX, Machine, binary, until
from people import PASSWORD

DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
MACHINES = ["first", "second", "third"]


def service(name):
    """The text of a service of the compose file."""
    return re.search(rf"^  {name}:\n((?:    .*\n)+)", COMPOSE, re.M).group(1)


def addresses(name):
    """Where a service is, by network."""
    return dict(re.findall(r"(\w+): \{ ipv4_address: ([\d.]+) \}", service(name)))


def sh(*words):
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=WAIT_S_MAX)
    assert ran.returncode == 0, f"{words}: {ran.stderr} (this test needs root and network namespaces)"
    return ran.stdout


class Cables:
    """Computers on networks: namespaces and switches."""

    def __init__(self, stem, networks):
        self.stem = f"tert-{stem}-{os.getpid()}"
        self.made = []
        for network in networks:
            self.add(f"switch-{network}")
            sh("ip", "-n", self.name(f"switch-{network}"), "link", "add", "switch", "type", "bridge")
            sh("ip", "-n", self.name(f"switch-{network}"), "link", "set", "switch", "up")

    def name(self, of):
        return f"{self.stem}-{of}"

    def add(self, computer):
        sh("ip", "netns", "add", self.name(computer))
        self.made.append(self.name(computer))
        sh("ip", "-n", self.name(computer), "link", "set", "lo", "up")

    def plug(self, computer, network, address):
        switch, socket = self.name(f"switch-{network}"), f"to-{computer}"
        cable = f"to-{network}"
        sh("ip", "-n", self.name(computer), "link", "add", cable, "type", "veth", "peer", "name", socket, "netns", switch)
        sh("ip", "-n", self.name(computer), "addr", "add", f"{address}/24", "dev", cable)
        sh("ip", "-n", self.name(computer), "link", "set", cable, "up")
        sh("ip", "-n", switch, "link", "set", socket, "master", "switch", "up")

    def inside(self, computer):
        return ["ip", "netns", "exec", self.name(computer)]

    def close(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Networks(Cables):
    """Two networks, with a router between them."""

    def __init__(self):
        super().__init__("two", ["machines", "people"])
        for computer in [*MACHINES, "people", "router"]:
            self.add(computer)
            for network, address in addresses(computer).items():
                self.plug(computer, network, address)
        router = addresses("router")
        for machine in MACHINES:
            self.route(machine, "10.77.1.0/24", router["machines"])
        self.route("people", "10.77.2.0/24", router["people"])

    def route(self, computer, to, via):
        assert f"ip route replace {to} via {via}" in COMPOSE, "as the compose file lays it"
        sh("ip", "-n", self.name(computer), "route", "add", to, "via", via)

    def forward(self, is_on):
        sh(*self.inside("router"), "sh", "-c", f"echo {int(is_on)} > /proc/sys/net/ipv4/ip_forward")


@pytest.fixture
def networks():
    networks = Networks()
    yield networks
    networks.close()


def test_two_networks_and_a_router_carry_a_ring_and_its_people(networks, tmp_path):
    running = {}
    settings = {"TERTULIA_RATE_LIMIT": "off", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def start(name, **secrets):
        words = json.loads(re.search(r"command: (\[.*\])", service(name)).group(1))
        words[words.index("--data") + 1] = str(tmp_path / name)
        with open(tmp_path / f"{name}.log", "ab") as log:
            command = [*networks.inside(name), binary(), *words]
            running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**settings, **secrets})
        until(lambda: "Ctrl-C stops" in (tmp_path / f"{name}.log").read_text(), f"{name} serves")

    def operate(*words):
        return json.loads(sh(binary(), *words, "--data", tmp_path / "first", "--json"))

    def ask(at, *words, status=0):
        """A person in their network, at a machine of the other one."""
        server = f"https://{addresses(at)['machines']}:8787"
        person = {**settings, "TERTULIA_HOME": str(tmp_path / "home"), "TERTULIA_PASSWORD": PASSWORD, "TERTULIA_AGENT": "off"}
        ran = subprocess.run(
            [*networks.inside("people"), binary(), *words, "--server", server, "--ca-fingerprint", fingerprint, "--json"],
            env=person, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S_MAX,
        )
        assert ran.returncode == status, f"{words}: {ran.stdout} {ran.stderr}"
        return [json.loads(line) for line in ran.stdout.splitlines()]

    try:
        start("first")
        said = (tmp_path / "first.log").read_text()
        fingerprint = re.search(r"\b(?:[0-9A-Fa-f]{2}[: ]?){32}\b", said).group(0).replace(" ", "")
        for name in MACHINES[1:]:
            start(name, TERTULIA_TOKEN=operate("token")["token"])
        until(lambda: operate("status")["tolerates"] == 1, "any one machine may be lost")
        ask("first", "register", "ana", status=3)  # Nobody passes anything on yet.
        networks.forward(True)
        ask("first", "register", "ana")
        ask("second", "dweet", "from the other side of the router")
        running["first"].send_signal(signal.SIGKILL)
        running["first"].wait(WAIT_S_MAX)
        # The terminal knows the other machines by now, and goes on with one of them.
        until(lambda: ask("first", "profile", "ana") != [], "another machine answers")
        assert "from the other side of the router" in json.dumps(ask("third", "profile", "ana"))
    finally:
        for process in running.values():
            process.kill()
            process.wait(WAIT_S_MAX)


def test_the_guides_first_page_gives_a_ring_of_three(tmp_path):
    """Its commands, as they stand there, on three computers with the addresses that stand there, and one more for the third."""
    guide = (ROOT / "docs" / "operating.md").read_text()
    page = guide[guide.index("## A ring of three") : guide.index("So that a machine starts with its computer")]
    first, token, second, status = [line.strip() for line in page.splitlines() if line.startswith("    ")]
    assert "192.168.1.5" in first and "192.168.1.6" in second and "…" in second
    computers = {"192.168.1.5": first, "192.168.1.6": second, "192.168.1.7": second.replace("192.168.1.6", "192.168.1.7")}
    # As one who has the program in their path.
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "tertulia").symlink_to(binary().resolve())
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
    cables = Cables("guide", ["village"])
    running = {}
    try:
        for address, command in computers.items():
            computer = address.rsplit(".", 1)[1]
            cables.add(computer)
            cables.plug(computer, "village", address)
            place = tmp_path / computer
            place.mkdir()

            def typed(line, place=place, computer=computer):
                words = [*cables.inside(computer), "env", *shlex.split(line)]
                return {"args": words, "cwd": place, "env": environment, "stdin": subprocess.DEVNULL}

            if running:
                made = subprocess.run(**typed(token, tmp_path / "5", "5"), capture_output=True, text=True, timeout=WAIT_S_MAX)
                secret = re.search(r"TERTULIA_TOKEN=(\S+) tertulia join 192\.168\.1\.5:8788", made.stdout)
                assert secret, f"it prints the next command, whole: {made.stdout} {made.stderr}"
                command = command.replace("…", secret.group(1))
            log = open(place / "log", "wb")
            running[computer] = subprocess.Popen(**typed(command), stdout=log, stderr=log)
            until(lambda: b"Ctrl-C stops" in (place / "log").read_bytes(), f"the machine at {address} serves")

        def seen():
            return subprocess.run(**typed(status), capture_output=True, text=True, timeout=WAIT_S_MAX).stdout

        until(lambda: "Any one machine may be lost now" in " ".join(seen().split()), "it says what the guide says")
    finally:
        for process in running.values():
            process.kill()
            process.wait(WAIT_S_MAX)
        cables.close()


def test_the_unit_starts_a_machine_with_what_stands_in_its_file(tmp_path):
    unit = (DEPLOY / "tertulia.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.+)$", unit, re.M)
    program, verb, *words = command.split()
    assert program.endswith("/tertulia") and words == ["--data", "/var/lib/tertulia"]
    assert "StateDirectory=tertulia" in unit, "which is /var/lib/tertulia"
    data = tmp_path / "tertulia"
    data.mkdir()
    machine = Machine(data)
    (data / "tertulia.toml").write_text(f'http = "127.0.0.1:{machine.port}"\ntitle = "Our village"\n')
    with open(machine.log, "ab") as log:
        machine.process = subprocess.Popen([binary(), verb, "--data", data], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    machine.wait_for(machine.ready)
    assert machine.command("status")["ring"]["name"] == "Our village"
    machine.stop()


def test_the_container_starts_a_machine():
    """Its command is one that the program takes; building it wants an engine and a network, which tests have not."""
    text = (DEPLOY / "Containerfile").read_text()
    (words,) = re.findall(r"^CMD (\[.*\])$", text, re.M)
    ran = subprocess.run([binary(), *json.loads(words), "--help"], capture_output=True, text=True, timeout=WAIT_S_MAX)
    assert ran.returncode == 0 and "Usage: tertulia up" in ran.stdout, ran.stderr
    (check,) = re.findall(r"^  CMD (\[.*\])$", text, re.M)
    ran = subprocess.run([binary(), *json.loads(check)[1:], "--help"], capture_output=True, text=True, timeout=WAIT_S_MAX)
    assert ran.returncode == 0, ran.stderr
