"""Where else the ring can be entered: what a real machine tells, and what the terminal client keeps of it."""

import contextlib
import sqlite3

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


def test_the_client_keeps_the_list_of_its_ring(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url)
    ana.json("register", "ana")
    ana.done("dweet", "hola")
    with contextlib.closing(sqlite3.connect(tmp_path / "ana" / "client.db")) as kept:
        rings = kept.execute("SELECT id, version FROM ring").fetchall()
        servers = kept.execute("SELECT url, ring FROM server").fetchall()
    listed = entries(machine).json()
    assert rings == [(listed["ring"], listed["version"])]
    assert servers == [(machine.url, listed["ring"])]
