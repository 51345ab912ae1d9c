"""Private messages from terminals: agents that go on in the background, rooms, and messages that appear in the console."""

import itertools
import json
import os
import re
import signal
import subprocess

import pytest

from machine import WAIT_S_MAX, Machine, binary, until
from people import log_in
from terminal import Terminal
from test_console import Console

PASSWORD = "correct horse"
NUMBERS = itertools.count(1)


class Home:
    """Somebody's computer: a directory, and commands in it."""

    def __init__(self, directory, nick, server):
        self.directory, self.nick, self.server = directory, nick, server

    def run(self, *words, agent="off", status=0, kill_at="", **secrets):
        env = {
            **os.environ,
            **secrets,
            "TERTULIA_HOME": str(self.directory),
            "TERTULIA_PASSWORD": PASSWORD,
            "TERTULIA_AGENT": agent,
            "TERTULIA_KILL_AT": kill_at,
            "LC_ALL": "C.UTF-8",
        }
        command = [binary(), *words, "--server", self.server, "--json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=WAIT_S_MAX)
        if kill_at:
            assert done.returncode == -signal.SIGABRT, f"{words} came past {kill_at}: {done.stdout} {done.stderr}"
            return None
        assert status is None or done.returncode == status, f"{words}: {done.returncode} {done.stdout} {done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    def agent(self, *flags):
        """An agent in the foreground."""
        env = {**os.environ, "TERTULIA_HOME": str(self.directory)}
        return subprocess.Popen([binary(), "agent", "--server", self.server, *flags], env=env, stdout=subprocess.DEVNULL)

    def steps(self, of):
        """How far each of one's own messages has come."""
        said = self.run("read", of, status=None)["messages"]
        return [one["progress"] for one in said if one["is_own"]]

    def register(self):
        self.run("register", self.nick)
        return self

    def heard(self, of):
        return [said["text"] for said in self.run("read", of)["messages"] if said["event"] is None]


@pytest.fixture
def people(tmp_path):
    with Machine(tmp_path / "machine") as machine:
        homes = [Home(tmp_path / nick, nick, machine.url).register() for nick in ("ana", "ben", "eva")]
        yield machine, homes
        for home in homes:
            home.run("agent", "--stop")


def test_what_was_sent_while_the_ring_was_away_is_sent_by_the_agent(tmp_path, people):
    machine, (ana, ben, _) = people
    ana.run("send", "ben", "before")
    assert ben.heard("ana") == ["before"]
    machine.stop()
    assert ana.run("send", "ben", "meanwhile", agent="on", status=3)["progress"] == "waiting"
    machine.start()
    # Nobody types anything at her computer any more.
    until(lambda: ben.heard("ana") == ["before", "meanwhile"], "the message from the agent")
    assert ana.run("agent", "--stop") == {"stopped": True}
    until(lambda: ana.run("agent", "--stop") == {"stopped": False}, "the end of the agent")


# At which command of whom the client dies at each step, before the second message is sent.
DEATHS = {
    "device-kept": ("ana", "send"),
    "device-told": ("ana", "send"),
    "packages-made": ("ana", "send"),
    "packages-told": ("ana", "send"),
    "said": ("ana", "send"),
    "step-told": ("ana", "send"),
    "commit-made": ("ana", "send"),
    "commit-answered": ("ana", "send"),
    "commit-settled": ("ana", "send"),
    "sealed": ("ana", "send"),
    "handed-in": ("ana", "send"),
    "noted": ("ana", "send"),
    "fetched": ("ben", "read"),
    "opened": ("ben", "read"),
    "acknowledged": ("ben", "read"),
}


def test_each_moment_at_which_a_client_can_be_killed_is_tried():
    sources = (binary().parents[2] / "crates/client/src").rglob("*.rs")
    named = {name for source in sources for name in re.findall(r'\bmoment\("([a-z-]+)"\)', source.read_text())}
    assert named == set(DEATHS)


@pytest.mark.parametrize("step", DEATHS)
def test_a_client_killed_between_two_steps_loses_nothing_and_says_nothing_twice(tmp_path, killed, step):
    who, verb = DEATHS[step]
    ana, ben = (Home(tmp_path / nick, f"{nick}{next(NUMBERS)}", killed.url) for nick in ("ana", "ben"))
    ben.register()
    if step.startswith(("device", "packages")):
        # She becomes a device with her first command; registering it is what she is killed at.
        ana.run("register", ana.nick, kill_at=step)
        if ana.run("whoami", status=None).get("code"):
            ana.run("login", ana.nick)
        ana.run("send", ben.nick, "one")
    else:
        ana.register()
        if who == "ana":
            ana.run("send", ben.nick, "one", kill_at=step)
        else:
            ana.run("send", ben.nick, "one")
            ben.run(verb, ana.nick, kill_at=step)
    ana.run("send", ben.nick, "two")
    until(lambda: ben.heard(ana.nick) == ["one", "two"], "both messages, once")
    ben.run("send", ana.nick, "three")
    heard = ana.run("read", ben.nick)
    assert [said["text"] for said in heard["messages"]] == ["one", "two", "three"]
    assert [said["progress"] for said in heard["messages"]] == ["read", "read", None]
    assert heard["alarms"] == [] and ben.run("chats")["alarms"] == []


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    with Machine(tmp_path_factory.mktemp("killed") / "machine") as machine:
        yield machine


def test_an_agent_ends_when_its_person_logs_out(people):
    _, (ana, _, _) = people
    ana.run("send", "ben", "hello", agent="on")
    until(lambda: any(ana.directory.glob("messages-*.lock")), "the agent")
    lock = next(ana.directory.glob("messages-*.lock"))
    until(lambda: lock.read_text().strip(), "its number")
    number = int(lock.read_text())
    ana.run("logout")
    until(lambda: not os.path.exists(f"/proc/{number}/cmdline") or b"agent" not in cmdline(number), "its end")
    ana.run("login", "ana")


def cmdline(number):
    try:
        with open(f"/proc/{number}/cmdline", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def test_with_the_ring_away_a_message_goes_from_client_to_client(people):
    machine, (ana, ben, _) = people
    ben.run("follow", "ana")
    reader = log_in(machine.url, "ana", PASSWORD)
    his = reader.done("GET", "/api/v1/accounts/lookup?acct=ben")["id"]
    agent = ben.agent("--direct")
    try:
        where = f"/api/tertulia/v1/accounts/{his}/presence"
        until(lambda: any(device["addresses"] for device in reader.done("GET", where)), "his address")
        ana.run("send", "ben", "by the ring")

        def settled():
            """What was said before has come: only then a text goes directly."""
            ana.run("chats", status=None)
            return all(step in ("delivered", "read") for step in ana.steps("ben"))

        until(settled, "his receipt")
        machine.stop()
        ana.run("send", "ben", "without the ring", status=None)

        until(settled, "the signed receipt of his device")
        said = ben.run("read", "ana", status=3)["messages"]
        assert said[-1]["text"] == "without the ring" and [one["text"] for one in said].count("without the ring") == 1
        machine.start()
        ana.run("send", "ben", "with the ring again")
        until(lambda: ben.heard("ana")[-1] == "with the ring again", "the last message")
        assert ben.heard("ana").count("without the ring") == 1
    finally:
        agent.terminate()
        agent.wait(WAIT_S_MAX)


def test_strangers_ask_and_are_accepted_or_refused(people):
    _, (ana, ben, eva) = people
    for stranger in (ana, eva):
        stranger.run("send", "ben", f"I am {stranger.nick}")
    assert ben.run("chats") == {"chats": [], "requests": 2, "alarms": [], "offline": False}
    asked = ben.run("requests")["requests"]
    assert {(request["nick"], request["texts"]) for request in asked} == {("ana", 1), ("eva", 1)}
    assert ana.steps("ben") == ["at_home"]
    assert [request["nick"] for request in ben.run("requests", "accept", "ana")["requests"]] == ["eva"]
    assert ana.steps("ben") == ["delivered"]
    assert ben.run("requests", "refuse", "eva")["requests"] == []
    assert ben.run("requests", "refuse", "ana", status=1)["code"] == "no_request"
    eva.run("send", "ben", "once more", status=None)
    assert eva.steps("ben") == ["at_home", "refused"]
    assert [chat["nick"] for chat in ben.run("chats")["chats"]] == ["ana"]


def test_what_is_kept_lies_under_a_passphrase(people):
    _, (ana, _, _) = people
    ana.run("send", "ben", "before")
    one, other = {"TERTULIA_PASSPHRASE": "one horse"}, {"TERTULIA_PASSPHRASE": "another horse"}
    assert ana.run("account", "passphrase", "set", TERTULIA_NEW_PASSPHRASE="one horse") == {"passphrase": True}
    assert ana.run("read", "ben", status=1)["code"] == "locked"
    assert ana.run("read", "ben", status=1, **other)["code"] == "wrong_passphrase"
    assert [said["text"] for said in ana.run("read", "ben", **one)["messages"]] == ["before"]
    # The agent that a command starts needs nothing typed, and nobody changes the key while it runs.
    ana.run("send", "ben", "and the agent?", agent="on", **one)
    until(lambda: any(lock.read_text().strip() for lock in ana.directory.glob("messages-*.lock")), "the agent")
    changing = {**one, "TERTULIA_NEW_PASSPHRASE": "another horse"}
    assert ana.run("account", "passphrase", "set", status=1, **changing)["code"] == "in_use"
    assert ana.run("agent", "--stop", **one) == {"stopped": True}
    until(lambda: ana.run("agent", "--stop", **one) == {"stopped": False}, "the end of the agent")
    assert ana.run("account", "passphrase", "set", **changing) == {"passphrase": True}
    with Terminal([binary(), "read", "ben", "--server", ana.server], {"TERTULIA_HOME": str(ana.directory)}) as terminal:
        terminal.see("The passphrase")
        terminal.type("one horse")
        terminal.see("That is not the passphrase.")
        terminal.type("another horse")
        terminal.see("and the agent?")
        assert terminal.end() == 0
    assert ana.run("account", "passphrase", "remove", **other) == {"passphrase": False}
    assert ana.heard("ben") == ["before", "and the agent?"]


def test_a_room_from_three_terminals(people):
    _, (ana, ben, eva) = people
    for one, other in itertools.permutations((ana, ben, eva), 2):
        one.run("follow", other.nick)
    room = ana.run("room", "create", "Book club", "ben", "eva")
    assert room["room"] == "+book-club" and len(room["people"]) == 3
    assert ben.run("chats")["chats"][0]["room"] == "+book-club"
    ben.run("send", "+book-club", "what do we read?")
    assert eva.heard("+book-club") == ["what do we read?"]
    ana.run("room", "remove", "+book-club", "eva")
    ana.run("send", "+book-club", "without eva")
    assert ben.heard("+book-club")[-1] == "without eva"
    assert eva.heard("+book-club") == ["what do we read?"]
    assert eva.run("send", "+book-club", "hello?", status=1)["code"] == "not_in_room"
    assert ana.run("read", "+nowhere", status=1)["code"] == "no_such_room"


def test_who_begins_anew_in_the_console_is_asked_first(people):
    _, (ana, _, _) = people
    ana.run("send", "ben", "hello")
    before = ana.run("devices")["devices"]
    with Console(ana.directory, ana.server, TERTULIA_AGENT="off") as console:
        for answer in ("no", "yes"):
            console.wait(lambda: console.text().endswith("›"), "the prompt")
            console.keys("devices reset\r", "Begin anew? (yes or no)")
            console.press(answer + "\r")
            if answer == "no":
                console.wait(lambda: console.text().endswith("›"), "the prompt again")
                assert ana.run("devices")["devices"] == before
        console.shows("You have begun anew.")
    assert [device["id"] for device in ana.run("devices")["devices"]] != [device["id"] for device in before]


def test_messages_appear_in_the_console_as_they_come(tmp_path, people):
    _, (ana, ben, _) = people
    ben.run("follow", "ana")
    console = Console(ben.directory, ben.server, TERTULIA_AGENT="on")
    try:
        console.wait(lambda: console.text().endswith("›"), "the prompt")
        console.press("half a li")
        ana.run("send", "ben", "are you there?")
        console.wait(lambda: "» @ana: are you there?" in console.text(), "the message")
        # What was being typed is still there.
        console.wait(lambda: "half a li" in "\n".join(console.rows()), "the line")
    finally:
        console.close()
