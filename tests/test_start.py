"""Starting, stopping, and what can be wrong about it: each a clear error, nothing lost, nothing half done."""

import errno
import json
import re
import signal
import socket
import subprocess
import threading

import pytest
import requests

from machine import WAIT_S_MAX, Machine, binary, until
from people import log_in, register


def up(*words, **settings):
    """Runs `tertulia up` that is expected to end by itself."""
    done = subprocess.run(
        [binary(), "up", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
        **settings,
    )
    return done.returncode, done.stdout + done.stderr


def test_says_where_it_is_and_what_to_do_next(tmp_path):
    with Machine(tmp_path / "machine") as machine:
        said = machine.welcome()
        assert machine.url in said
        assert "tertulia register" in said or "register" in said
        assert "\x1b" not in said, "colours in a file"
        assert "tertulia token" in said
        assert "tt1-" not in said, "a token in a file, or in a service's journal"


def test_a_port_that_is_in_use(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        status, said = up("--data", tmp_path / "machine", "--http", address)
    assert status == 1
    assert address in said and "in use" in said
    assert "panicked" not in said


def test_data_that_another_process_uses(tmp_path):
    with Machine(tmp_path / "machine") as machine:
        ana = register(machine.url, "ana")
        status, said = up("--data", machine.data, "--http", "127.0.0.1:0")
        assert status == 1
        assert str(machine.data) in said and "in use" in said
        ana.dweet("not disturbed")


def test_data_of_another_version(tmp_path):
    machine = Machine(tmp_path / "machine").start()
    nick = register(machine.url, "ana").nick
    machine.stop()
    place = machine.data / "machine.json"
    facts = place.read_text()
    place.write_text(json.dumps({**json.loads(facts), "format": 999_999}))
    status, said = up("--data", machine.data, "--http", "127.0.0.1:0")
    assert status == 1
    assert "999999" in said and "version" in said and str(machine.data) in said and "panicked" not in said
    place.write_text(facts)
    with machine:
        assert log_in(machine.url, nick).is_logged_in()


def test_a_directory_that_cannot_be_written(tmp_path):
    place = tmp_path / "a file"
    place.write_text("not a directory")
    status, said = up("--data", place / "machine", "--http", "127.0.0.1:0")
    assert status == 1
    assert str(place) in said and "panicked" not in said


def test_a_mistyped_option_is_a_usage_error(tmp_path):
    status, said = up("--date", tmp_path)
    assert status == 2
    assert "--data" in said


def test_a_second_start_takes_up_where_the_first_ended(tmp_path):
    machine = Machine(tmp_path / "machine").start()
    ana = register(machine.url, "ana")
    dweet = ana.dweet("written down")
    machine.stop()
    with machine:
        assert ana.is_logged_in()
        assert ana.home()[0]["id"] == dweet["id"]


def test_a_stopping_machine_finishes_what_it_has_begun(tmp_path):
    """SIGTERM under load: what was acknowledged is there, what was not acknowledged is not half there."""
    machine = Machine(tmp_path / "machine").start()
    people = [register(machine.url, "ana") for _ in range(4)]
    acknowledged, refusals = [], []
    begun = threading.Barrier(len(people) + 1)

    def publish(person):
        begun.wait()
        for number in range(100_000):
            try:
                answer = person.post("/api/v1/statuses", {"status": f"number {number}"})
            except requests.exceptions.RequestException:
                return
            if not answer.ok:
                refusals.append(answer.status_code)
                return
            acknowledged.append((person, answer.json()["id"]))

    threads = [threading.Thread(target=publish, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    begun.wait()
    until(lambda: len(acknowledged) > 40, "some dweets are acknowledged")
    stream = people[0].stream()
    machine.process.send_signal(signal.SIGTERM)
    assert machine.process.wait(WAIT_S_MAX) == 0
    for thread in threads:
        thread.join(WAIT_S_MAX)
    stream.close()
    assert set(refusals) <= {503}
    with machine:
        for person in people:
            mine = {dweet for owner, dweet in acknowledged if owner is person}
            there, page = set(), None
            while page is None or page:
                below = f"&max_id={page[-1]['id']}" if page else ""
                page = person.done("GET", f"/api/v1/accounts/{person.id}/statuses?limit=40{below}")
                there |= {entry["id"] for entry in page}
            assert mine <= there
            assert len(there - mine) <= 1, "more than the one that was on its way"


def test_a_full_disk_is_said_and_loses_nothing(tmp_path, small_disk):
    place, file_bytes_max = small_disk
    machine = Machine(place / "machine", file_bytes_max=file_bytes_max).start()
    ana = register(machine.url, "ana")
    acknowledged = [ana.dweet("before the disk is full")["id"]]
    filler = place / "filler"
    if file_bytes_max is None:
        fill(filler)
    for number in range(50_000):
        try:
            answer = ana.post("/api/v1/statuses", {"status": f"number {number} {'x' * 150}"})
        except requests.exceptions.RequestException:
            break
        if not answer.ok:
            assert answer.status_code == 503, answer.text
            break
        acknowledged.append(answer.json()["id"])
    else:
        raise AssertionError("the disk is never full")
    machine.end(signal.SIGKILL)
    assert re.search("space|full|too large", machine.said()), machine.said()
    filler.unlink(missing_ok=True)
    machine.file_bytes_max = None
    with machine:
        for dweet in acknowledged:
            assert ana.get(f"/api/v1/statuses/{dweet}").ok


def test_a_disk_that_is_nearly_full_is_told_before_it_is(tmp_path, small_disk):
    place, file_bytes_max = small_disk
    with Machine(place / "machine") as machine:
        status = machine.command("status")
        told = [note for note in status["notes"] if note["kind"] == "low_disk"]
        disk, is_small = status["machines"][0]["disk"], file_bytes_max is None
        assert 0 < disk["free_bytes"] <= disk["total_bytes"] and (not is_small or disk["total_bytes"] == 64 << 20)
        assert len(told) == (1 if is_small or disk["free_bytes"] < 1 << 30 else 0)
        if told:
            assert told[0]["machine"] == status["machines"][0]["id"] and told[0]["n"] <= disk["total_bytes"]
            until(lambda: "the disk is nearly full" in machine.said(), "the log says so too")


def fill(path):
    """Writes until nothing more goes on the disk."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096) == 4096:
                pass
        except OSError as full:
            assert full.errno == errno.ENOSPC


@pytest.fixture
def small_disk(tmp_path):
    """A place where little fits: a file system of 64 MiB; or, without the right to mount one, files of 4 MiB at most."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True)
    yield place, None if mounted.returncode == 0 else 4 * 1024 * 1024
    if mounted.returncode == 0:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
