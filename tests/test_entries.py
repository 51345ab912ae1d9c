"""Where else the ring can be entered: what a real machine tells, and what the terminal client keeps of it."""

import pytest
import requests

from machine import WAIT_S_MAX, Machine
from test_commands import Person


@pytest.fixture
def machine(tmp_path):
    with Machine(tmp_path / "machine") as running:
        yield running


def entries(machine):
    return requests.get(f"{machine.url}/api/tertulia/v1/entries", timeout=WAIT_S_MAX)


def test_a_machine_tells_where_the_ring_can_be_entered_and_each_answer_the_version(machine):
    told = entries(machine)
    listed = told.json()
    assert [entry["urls"] for entry in listed["machines"]] == [[machine.url]]
    for path in ("/api/v1/instance", "/api/v1/timelines/home", "/nonsense", "/"):
        answer = requests.get(machine.url + path, timeout=WAIT_S_MAX)
        assert answer.headers["Tertulia-Entries"] == str(listed["version"]), path
    machine.stop()
    machine.start()
    assert entries(machine).json() == listed, "the same list has the same version after a restart"


def test_what_the_client_keeps_of_its_ring_cannot_be_read_from_its_files(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url)
    ana.json("register", "ana")
    ana.done("dweet", "an unmistakable dweet")
    kept = b"".join(file.read_bytes() for file in (tmp_path / "ana").iterdir() if "client.db" in file.name)
    assert len(kept) > 50_000
    for clear in (machine.url.encode(), b"SQLite format 3", b"CREATE TABLE", b"unmistakable"):
        assert clear not in kept, clear
