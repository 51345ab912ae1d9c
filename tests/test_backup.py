"""The whole ring in a file, and a ring from it on new hosts: with real machines, people and their programs."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest
import requests

from machine import WAIT_S_MAX, Machine, binary, free_port, until
from people import PASSWORD, Person, entered, log_in, register
from test_messages import PASSWORD as TYPED, Home
from test_messages_ring import is_whole

DONE, REFUSED, MISUSED, UNREACHABLE = 0, 1, 2, 3


def machine(path):
    return Machine(path, TERTULIA_PEER=f"127.0.0.1:{free_port()}")


def ring_of(paths):
    machines = [machine(path) for path in paths]
    first = machines[0].start()
    grow(first, machines[1:])
    return machines


def grow(first, newcomers):
    for newcomer in newcomers:
        newcomer.join(first)
    if newcomers:
        until(lambda: is_whole(first), "each machine votes on everything")


def run(*words, language="C.UTF-8", typed=None):
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(
        [binary(), *map(str, words)],
        env={**bare, "LANG": language},
        input=typed,
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
    )


def answer(*words, status=DONE, **given):
    ran = run(*words, "--json", **given)
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert ran.stdout.count("\n") == 1, "one object on one line, and nothing else"
    return json.loads(ran.stdout)


class Load:
    """People who go on publishing and following, and what they were told that it is done."""

    def __init__(self, urls):
        self.people = [register(urls[n % len(urls)], "load") for n in range(9)]
        self.ids = {person.nick: person.id for person in self.people}
        # When each was confirmed, and what.
        self.dweets, self.follows = [], []
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(len(self.people))]
        for thread in self.threads:
            thread.start()

    def work(self, n):
        me, round_ = self.people[n], 0
        while not self.is_over.is_set():
            other = self.people[(n + 1 + round_) % len(self.people)]
            if other is not me:
                verb = ("follow", "unfollow")[round_ // len(self.people) % 2]
                me.done("POST", f"/api/v1/accounts/{self.ids[other.nick]}/{verb}")
                self.follows.append((time.monotonic(), me.nick, other.nick, verb))
            dweet = me.dweet(f"{me.nick} {round_}")
            self.dweets.append((time.monotonic(), dweet["id"], dweet["content"]))
            round_ += 1

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(WAIT_S_MAX)
            assert not thread.is_alive()


def everybody(person, what, account):
    """All accounts of a list."""
    nicks, query = set(), ""
    while True:
        page = person.done("GET", f"/api/v1/accounts/{account}/{what}?limit=80{query}")
        nicks |= {one["username"] for one in page}
        if len(page) < 80:
            return nicks
        query = f"&max_id={page[-1]['id']}"


def test_a_backup_is_restored_onto_new_hosts_while_the_old_ones_are_gone(tmp_path):
    old = ring_of([tmp_path / f"old{n}" for n in range(3)])
    new = []
    try:
        urls = [each.url for each in old]
        ana, ben = (Home(tmp_path / nick, nick, urls[n]).register() for n, nick in enumerate(("ana", "ben")))
        ana.run("send", "ben", "before")
        until(lambda: ben.heard("ana") == ["before"], "ben has heard from ana")
        eva = entered(urls[2], "register", {"nick": "eva", "password": TYPED}, True)
        closed = register(urls[0], "closed")
        dweet_of_closed = closed.dweet("nobody will see this again")
        closed.done("POST", "/api/tertulia/v1/account/close", {"password": PASSWORD})
        load = Load(urls)
        until(lambda: len(load.dweets) > 60, "people are at work")

        begun = time.monotonic()
        saved = answer("backup", "--to", tmp_path / "ring.backup", "--data", old[1].data)
        must = [each for each in load.dweets if each[0] < begun]
        assert saved["groups"] == 3 and saved["is_one_moment"], saved
        assert (tmp_path / "ring.backup").stat().st_mode & 0o777 == 0o600
        assert not (tmp_path / "ring.backup.part").exists()
        going_on = len(load.dweets)
        until(lambda: len(load.dweets) > going_on + 30, "the ring serves on")
        load.stop()

        # What comes after the backup only people's devices know.
        ana.run("send", "ben", "after")
        until(lambda: ben.heard("ana") == ["before", "after"], "ben's device is ahead of the backup")
        late = Home(tmp_path / "eva", eva.nick, urls[1])
        late.run("login", eva.nick)
        late.run("send", "ana", "a device from after the backup")
        until(lambda: ana.heard(eva.nick) == ["a device from after the backup"], "ana knows eva's device")
        for each in old:
            each.kill()
            shutil.rmtree(each.data)

        first = machine(tmp_path / "new0")
        restored = answer("restore", tmp_path / "ring.backup", "--data", first.data)
        assert restored["groups"] == 3, restored
        new.append(first.start())
        newcomers = [machine(tmp_path / f"new{n}") for n in (1, 2)]
        new += newcomers
        grow(first, newcomers)
        status = first.command("status")
        assert len(status["machines"]) == 3, "nobody of before is known"
        assert sorted(each["end"] for each in status["ranges"]) == sorted(each["id"] for each in status["machines"])

        everything_acknowledged_is_there(load, must, new)
        homes_agree(load, new)
        # Whoever was there is there, with their session; who was closed stays closed.
        assert Person(new[1].url, eva.nick, eva.token).is_logged_in()
        assert not Person(new[0].url, closed.nick, closed.token).is_logged_in()
        for nick in (closed.nick, eva.nick, "ana"):
            again = requests.post(
                f"{new[2].url}/api/tertulia/v1/register", json={"nick": nick, "password": PASSWORD}, timeout=WAIT_S_MAX
            )
            assert again.status_code == 422 and again.json()["code"] == "nick_taken", again.text
        gone = requests.get(f"{new[1].url}/api/v1/statuses/{dweet_of_closed['id']}", timeout=WAIT_S_MAX)
        assert gone.status_code == 404
        messages_go_on(ana, ben, late, new)
    finally:
        for each in old + new:
            each.end(signal.SIGKILL)


def everything_acknowledged_is_there(load, must, machines):
    assert len(must) > 60
    for n, (_, id, content) in enumerate(must):
        asked = load.people[n % len(load.people)]
        url = machines[n % len(machines)].url
        found = Person(url, asked.nick, asked.token).done("GET", f"/api/v1/statuses/{id}")
        assert found["content"] == content


def homes_agree(load, machines):
    """What homes owe each other was carried before the backup, or is carried now: both ends of each edge come to say the same."""
    people = [Person(machines[n % 3].url, each.nick, each.token) for n, each in enumerate(load.people)]

    def edges(what):
        lists = {each.nick: everybody(each, what, load.ids[each.nick]) for each in people}
        pairs = [(nick, other) for nick, others in lists.items() for other in others]
        return {pair if what == "following" else pair[::-1] for pair in pairs}

    until(lambda: edges("following") == edges("followers"), "both ends of each edge say the same")
    assert edges("following"), "somebody follows somebody"
    for each in people:
        said = each.done("GET", f"/api/v1/accounts/{load.ids[each.nick]}")
        assert said["followers_count"] == len(everybody(each, "followers", load.ids[each.nick]))
    # The home timeline has what those have published whom one follows.
    reader = people[0]
    followed = everybody(reader, "following", load.ids[reader.nick])
    for other in people:
        if other.nick in followed:
            (newest,) = other.done("GET", f"/api/v1/accounts/{load.ids[other.nick]}/statuses?limit=1")
            until(lambda: is_in_home(reader, newest["id"]), "the newest dweet of each one followed has come")


def is_in_home(reader, id):
    above = str(int(id) + 1)
    page = reader.done("GET", f"/api/v1/timelines/home?limit=40&max_id={above}")
    return any(each["id"] == id for each in page)


def messages_go_on(ana, ben, late, machines):
    """People's devices know more than the ring; nobody is stuck, nothing is read twice, and what was heard stays."""
    for n, home in enumerate((ana, ben, late)):
        home.server = machines[n].url
    # The session from after the backup is gone, and so is the device at its home: it is told again.
    refused = late.run("send", "ana", "not yet", status=None)
    assert refused["code"] == "session_ended", refused
    late.run("login", late.nick)
    alarms = []
    for sender, recipient, text in [(ana, ben, "one"), (ben, ana, "two"), (late, ana, "three"), (ana, late, "four")]:
        alarms += [alarm["kind"] for alarm in sender.run("send", recipient.nick, text)["alarms"]]
        until(lambda: sender.steps(recipient.nick) and text in recipient.heard(sender.nick), f"{text} is heard")
    assert ben.heard("ana") == ["before", "after", "one", "two"]
    assert ana.heard("ben") == ["before", "after", "one", "two"]
    assert ana.heard(late.nick)[0] == "a device from after the backup"
    assert set(alarms) == {"older_ring"}, "people are told what has happened, and nothing else"
    until(lambda: ana.steps("ben")[-1] in ("delivered", "read"), "receipts come back")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A machine that runs, and two backups of it: in the clear, and under a passphrase."""
    place = tmp_path_factory.mktemp("saved")
    (place / "words").write_text("correct horse\nbattery\n")
    with machine(place / "machine") as running:
        person = register(running.url, "saved")
        person.dweet("hola")
        clear = answer("backup", "--to", place / "clear", "--data", running.data)
        assert (clear["is_encrypted"], clear["is_one_moment"]) == (False, True)
        sealed = ("backup", "--to", place / "sealed", "--passphrase-file", place / "words", "--data", running.data)
        assert answer(*sealed)["is_encrypted"] is True
        yield place, person


def test_a_backup_says_that_it_is_a_secret_and_is_one(saved, tmp_path):
    place, _ = saved
    said = run("backup", "--to", tmp_path / "one", "--data", place / "machine")
    assert said.returncode == DONE and "KEEP IT SECRET" in said.stdout, said.stdout + said.stderr
    assert "100 %" in said.stderr
    spanish = run("backup", "--to", tmp_path / "two", "--data", place / "machine", language="es_ES.UTF-8")
    assert "MANTENLA EN SECRETO" in spanish.stdout
    for secret in (b"hola", b"PRIVATE KEY", b"SQLite format 3"):
        assert secret in (place / "clear").read_bytes() and secret not in (place / "sealed").read_bytes()
    for file in ("clear", "sealed"):
        assert (place / file).stat().st_mode & 0o777 == 0o600


def test_a_backup_overwrites_nothing_and_leaves_nothing_half_done(saved, tmp_path):
    place, _ = saved
    there = tmp_path / "there"
    there.write_text("mine")
    refused = answer("backup", "--to", there, "--data", place / "machine", status=REFUSED)
    assert refused["code"] == "file_exists" and there.read_text() == "mine"
    nowhere = answer("backup", "--to", tmp_path / "no" / "folder", "--data", place / "machine", status=REFUSED)
    assert nowhere["code"] == "failed"
    nobody = answer("backup", "--to", tmp_path / "one", "--data", tmp_path, status=UNREACHABLE)
    assert nobody["code"] == "unreachable"
    assert list(tmp_path.iterdir()) == [there]
    empty = answer(
        "backup", "--to", tmp_path / "one", "--passphrase-file", "/dev/null", "--data", place / "machine", status=REFUSED
    )
    assert empty["code"] == "passphrase"
    until(lambda: not list((place / "machine" / "state").glob("*.part")), "no copy stays on the machine")


def test_a_restored_ring_of_one_serves_whoever_was_there(saved, tmp_path):
    place, person = saved
    sealed = ("restore", place / "sealed", "--data", tmp_path / "machine")
    assert answer(*sealed, status=REFUSED)["code"] == "passphrase"
    wrong = answer(*sealed, "--passphrase-file", "-", status=REFUSED, typed="wrong horse\n")
    assert wrong["code"] == "passphrase"
    answer(*sealed, "--passphrase-file", place / "words")
    with machine(tmp_path / "machine") as running:
        back = Person(running.url, person.nick, person.token)
        assert back.is_logged_in() and "hola" in back.home()[0]["content"]
        assert log_in(running.url, person.nick).is_logged_in()
        back.dweet("again")
        # A restored ring can be saved and restored again.
        answer("backup", "--to", tmp_path / "second", "--data", running.data)
    answer("restore", tmp_path / "second", "--data", tmp_path / "third")
    with machine(tmp_path / "third") as running:
        texts = [each["content"] for each in Person(running.url, person.nick, person.token).home()]
        assert ["again" in texts[0], "hola" in texts[1]] == [True, True]


def test_what_is_no_sound_backup_is_refused_and_leaves_no_machine(saved, tmp_path):
    place, _ = saved
    whole = (place / "clear").read_bytes()
    half = len(whole) // 2
    cases = {
        "no_backup": [b"", b"something else", (place / "words").read_bytes()],
        "version": [whole[:19] + b"\x09" + whole[20:]],
        "damaged": [
            whole[:-1],
            whole[:half],
            whole + b"\0",
            whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
            whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        ],
    }
    for code, files in cases.items():
        for content in files:
            file = tmp_path / "file"
            file.write_bytes(content)
            refused = answer("restore", file, "--data", tmp_path / "machine", status=REFUSED)
            assert refused["code"] == code, refused
            assert not list((tmp_path / "machine").glob("*")), "the directory is as good as new"
    missing = answer("restore", tmp_path / "missing", "--data", tmp_path / "machine", status=REFUSED)
    assert missing["code"] == "failed"


def test_a_directory_that_is_not_empty_is_left_alone(saved, tmp_path):
    place, _ = saved
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "mine").write_text("mine")
    refused = answer("restore", place / "clear", "--data", tmp_path / "machine", status=REFUSED)
    assert refused["code"] == "not_empty"
    assert [each.name for each in (tmp_path / "machine").iterdir()] == ["mine"]
    said = run("restore", place / "clear", "--data", place / "machine", language="es_ES.UTF-8")
    assert said.returncode == REFUSED and "no está vacío" in said.stderr


def test_a_machine_from_before_is_a_stranger_to_the_restored_ring(saved, tmp_path):
    place, _ = saved
    # The old ring goes on: its token opens the restored one as little as its machines are let in there.
    token = answer("token", "--data", place / "machine")
    answer("restore", place / "clear", "--data", tmp_path / "new")
    with machine(tmp_path / "new") as running:
        contact = running.command("token")["contacts"][0]
        joining = subprocess.run(
            [binary(), "join", contact, "--data", tmp_path / "stranger", "--http", "127.0.0.1:0"],
            env={**os.environ, "TERTULIA_TOKEN": token["token"], "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=WAIT_S_MAX,
        )
        assert joining.returncode == REFUSED and "ring" in joining.stderr, joining.stderr
        both = [answer("status", "--data", data)["ring"]["id"] for data in (place / "machine", tmp_path / "new")]
        assert both[0] == both[1], "people's programs know it as the same ring"
        assert len(running.command("status")["machines"]) == 1


def test_a_gateway_makes_no_backup(tmp_path):
    first, gateway = machine(tmp_path / "first"), machine(tmp_path / "gateway")
    try:
        first.start()
        gateway.settings["TERTULIA_AS"] = "gateway"
        gateway.join(first)
        refused = answer("backup", "--to", tmp_path / "file", "--data", gateway.data, status=REFUSED)
        assert refused["code"] == "no_key" and not (tmp_path / "file").exists()
    finally:
        for each in (first, gateway):
            each.end(signal.SIGKILL)
