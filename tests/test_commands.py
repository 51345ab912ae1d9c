"""The client's commands, as scripts use them: exit statuses, JSON, standard input, two processes at once."""

import json
import os
import subprocess

import pytest

from machine import Machine, binary, free_port, until

PASSWORD = "correct horse"
DONE, REFUSED, MISUSED, UNREACHABLE = 0, 1, 2, 3


@pytest.fixture
def machine(tmp_path):
    with Machine(tmp_path / "machine") as running:
        yield running


class Person:
    """Somebody's commands, with a home directory of their own."""

    def __init__(self, home, *servers, **settings):
        # Nothing of the tester's own environment decides.
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "LC_", "LANG"))}
        self.env = {**bare, "TERTULIA_HOME": str(home), "TERTULIA_PASSWORD": PASSWORD, "LANG": "C.UTF-8", **settings}
        self.servers = servers

    def run(self, *arguments, typed=""):
        named = [part for server in self.servers for part in ("--server", server)]
        return subprocess.run(
            [binary(), *arguments, *named], env=self.env, input=typed, capture_output=True, text=True, timeout=60
        )

    def done(self, *arguments, **given):
        ran = self.run(*arguments, **given)
        assert ran.returncode == DONE, ran.stdout + ran.stderr
        return ran.stdout

    def json(self, *arguments, status=DONE):
        ran = self.run(*arguments, "--json")
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert ran.stdout.count("\n") == 1, "one object on one line, and nothing else"
        return json.loads(ran.stdout)


def test_every_command_answers_a_script(machine, tmp_path):
    bob, ana = Person(tmp_path / "bob", machine.url), Person(tmp_path / "ana", machine.url)
    bob.json("register", "bob", "--name", "Bob Esponja")
    assert ana.json("register", "ana")["nick"] == "ana"
    assert ana.json("follow", "bob")["following"] is True
    dweet = bob.json("dweet", "hola #mar")
    until(lambda: ana.json("whoami")["unseen"]["count"] == 1, "the dweet arrives")
    page = ana.json("feed")
    assert (page["dweets"][0]["id"], page["dweets"][0]["number"], page["unseen"]["count"]) == (dweet["id"], 1, 0)
    assert ana.json("reply", "1", "¡hola!")["in_reply_to"] == dweet["id"]
    assert ana.json("redweet", dweet["id"])["redweeted"] is True
    assert ana.json("unredweet", dweet["id"])["redweeted"] is False
    assert ana.json("favourite", dweet["id"])["favourited"] is True
    assert [d["id"] for d in ana.json("favourites")["dweets"]] == [dweet["id"]]
    assert ana.json("bookmark", dweet["id"])["bookmarked"] is True
    assert [d["id"] for d in ana.json("bookmarks")["dweets"]] == [dweet["id"]]
    assert ana.json("bookmark", dweet["id"], "--undo")["bookmarked"] is False
    assert ana.json("favourite", dweet["id"], "--undo")["favourited"] is False
    assert ana.json("favourites")["dweets"] == []
    until(lambda: len(ana.json("thread", dweet["id"])["dweets"]) == 2, "the answer is in the thread")
    assert ana.json("search", "bo")["people"][0]["nick"] == "bob"
    until(lambda: ana.json("search", "#mar")["dweets"], "the hashtag is found")
    until(lambda: bob.json("notifications")["notifications"], "bob is told")
    assert ana.json("mute", "bob")["muting"] is True
    assert ana.json("mute", "bob", "--undo")["muting"] is False
    assert ana.json("block", "bob")["blocking"] is True
    assert ana.json("block", "bob", "--undo")["blocking"] is False
    assert ana.json("profile", "edit", "--name", "Ana", "--bio", "el mar")["bio"] == "el mar"
    assert ana.json("profile", "bob")["dweet_count"] == 1
    mine = ana.json("profile")["dweets"][0]["id"]
    assert ana.json("delete", mine) == {"deleted": mine}
    assert ana.json("unfollow", "bob")["following"] is False
    assert ana.json("logout") == {"logged_out": True, "everywhere": True, "kept": False}
    assert ana.json("login", "ana")["name"] == "Ana"
    ana.env["TERTULIA_NEW_PASSWORD"] = "new horse"
    assert ana.json("passwd") == {"password_changed": True}
    ana.env["TERTULIA_PASSWORD"] = "new horse"
    assert ana.json("delete-account", "--yes") == {"closed": True}
    assert ana.json("login", "ana", status=REFUSED)["code"] == "wrong_password"


def test_the_exit_status_tells_the_kind(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url)
    assert ana.run("feed").returncode == REFUSED, "not logged in"
    ana.done("register", "ana")
    for arguments, status in [
        (("follow", "nobody"), REFUSED),
        (("dweet", "ñ" * 226), REFUSED),
        (("dweet", ""), REFUSED),
        (("register", "ana"), REFUSED),
        (("reply", "99", "hi"), MISUSED),
        (("follow", "no nick"), MISUSED),
        (("feed", "--limit", "0"), MISUSED),
        (("folow", "bob"), MISUSED),
        (("login", "ana", "--password", PASSWORD), MISUSED),
        (("whoami",), DONE),
    ]:
        ran = ana.run(*arguments)
        assert ran.returncode == status, f"{arguments}: {ran.stdout}{ran.stderr}"
        assert (ran.stdout == "") == (status != DONE)
        assert (ran.stderr == "") == (status == DONE)
    machine.stop()
    assert ana.run("dweet", "hi").returncode == UNREACHABLE
    assert ana.json("dweet", "hi", status=UNREACHABLE)["code"] == "unreachable"
    kept = ana.json("whoami", status=UNREACHABLE)
    assert (kept["nick"], kept["offline"]) == ("ana", True)


def test_a_password_comes_from_no_pipe_and_no_argument(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url, TERTULIA_PASSWORD="")
    ran = ana.run("register", "ana", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert ran.returncode == MISUSED and "TERTULIA_PASSWORD" in ran.stderr
    assert "--password" not in ana.done("register", "--help")


def test_a_text_may_come_from_standard_input(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url)
    ana.done("register", "ana")
    ana.done("dweet", "-", typed="first line\nsecond line\n")
    assert ana.json("profile")["dweets"][0]["text"] == "first line\nsecond line"


def test_processes_of_one_person_do_not_disturb_each_other(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url)
    ana.done("register", "ana")
    arguments = [binary(), "dweet", "--server", machine.url]
    running = [subprocess.Popen([*arguments, f"number {at}"], env=ana.env, stdout=subprocess.DEVNULL) for at in range(8)]
    assert [process.wait(60) for process in running] == [DONE] * 8
    texts = {dweet["text"] for dweet in ana.json("profile", "--limit", "40")["dweets"]}
    assert texts == {f"number {at}" for at in range(8)}


def test_the_next_server_is_asked_when_the_first_is_down_and_remembered(machine, tmp_path):
    gone = f"http://127.0.0.1:{free_port()}"
    Person(tmp_path / "ana", gone, machine.url).done("register", "ana")
    assert Person(tmp_path / "ana").json("whoami")["server"] == machine.url
    assert Person(tmp_path / "ana", TERTULIA_SERVER=f"{gone},{machine.url}").json("whoami")["server"] == machine.url


def test_logging_out_leaves_nothing_of_the_person_on_the_computer(machine, tmp_path):
    ana = Person(tmp_path / "ana", machine.url)
    ana.done("register", "ana", "--name", "Unmistakable")
    ana.done("dweet", "written here alone")
    ana.done("profile")

    def left():
        return b"".join(path.read_bytes() for path in (tmp_path / "ana").rglob("*") if path.is_file())

    def messages():
        return list((tmp_path / "ana").glob("messages-*"))

    assert messages(), "the keys of her messages"
    assert b"Unmistakable" not in left() and b"written here alone" not in left(), "not even before"
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "ana", *(tmp_path / "ana").rglob("*")]}
    assert modes == {0}, "nobody else can read it"
    ana.done("logout")
    assert b"Unmistakable" not in left() and b"written here alone" not in left() and not messages()


def test_spanish_is_spoken_where_it_is_asked_for(machine, tmp_path):
    eva = Person(tmp_path / "eva", machine.url, LANG="es_ES.UTF-8")
    assert "Te damos la bienvenida, @eva." in eva.done("register", "eva")
    assert "Uso: tertulia feed" in eva.done("feed", "--help")
    assert "¿Querías decir «modlog, unfollow, follow»?" in eva.run("folow").stderr
    assert "Aquí nadie tiene el nick @nadie" in eva.run("follow", "nadie").stderr


def test_hostile_text_is_harmless_in_lists_and_in_json(machine, tmp_path):
    bob = Person(tmp_path / "bob", machine.url)
    bob.done("register", "bob", "--name", "\u202eevil")
    bob.done("dweet", "before \u202e after")
    assert "before � after" in bob.done("profile")
    ran = bob.run("profile", "--json")
    assert "\u202e" not in ran.stdout
    assert json.loads(ran.stdout)["dweets"][0]["text"] == "before \u202e after"


def test_the_console_says_that_it_wants_a_terminal(tmp_path):
    ran = Person(tmp_path / "bob").run("console", typed="help\n")
    assert (ran.returncode, ran.stdout) == (MISUSED, "")
    assert "wants a terminal" in ran.stderr
    assert Person(tmp_path / "bob").json("console", status=MISUSED)["code"] == "no_terminal"
