"""Two people on different machines of a ring, with their programs: whatever happens to the ring, and whoever is away, what one says comes
to the other, once and in its order, and each sees how far it came."""

import signal

import pytest

from machine import WAIT_S_MAX, Machine, free_port, until
from people import log_in
from test_console import Console
from test_messages import PASSWORD, Home

ANA, BEN = 0, 2


@pytest.fixture
def machines(tmp_path):
    """Three machines, of which each keeps everything."""
    ring = [Machine(tmp_path / f"machine{n}", TERTULIA_PEER=f"127.0.0.1:{free_port()}") for n in range(3)]
    try:
        first = ring[0].start()
        for newcomer in ring[1:]:
            newcomer.join(first)
        until(lambda: is_whole(first), "each machine votes on everything")
        yield ring
    finally:
        for machine in ring:
            machine.end(signal.SIGKILL)


def is_whole(machine):
    ranges = machine.command("status")["ranges"]
    voters = [sum(copy["kind"] == "voter" for copy in each["copies"]) for each in ranges]
    return all(each["is_led"] for each in ranges) and voters == [3] * len(ranges)


def stop_all(machines):
    for machine in machines:
        machine.stop()


def start_all(machines):
    """At once: one alone has no majority."""
    for machine in machines:
        machine.start(wait=False)
    for machine in machines:
        machine.wait_for(machine.ready)


def end(agent):
    agent.terminate()
    agent.wait(WAIT_S_MAX)


def kill_the_leader_of(nick, machines):
    """Of the home of this nick, as a power cut does."""
    alive = machines[1]
    led_by = until(lambda: alive.command("lookup", nick)["leader"], "the home has a leader")
    named = {}
    for machine in machines:
        this = next(each["id"] for each in machine.command("status")["machines"] if each["is_this"])
        named[this] = machine
    named[led_by].kill()
    return named[led_by]


class Talk:
    """The two, and all that they have said."""

    def __init__(self, tmp_path, machines):
        self.ana, self.ben = (
            Home(tmp_path / nick, nick, machines[place].url).register() for nick, place in (("ana", ANA), ("ben", BEN))
        )
        self.said = []

    def say(self, who, *texts, **how):
        other = self.ben if who is self.ana else self.ana
        for text in texts:
            who.run("send", other.nick, text, **how)
            self.said.append((who.nick, text))

    def is_known_to(self, who, offline=False):
        """Whether they have all that was said: once, and what each has said in its order."""
        other = self.ben if who is self.ana else self.ana
        heard = who.run("read", other.nick, "--limit", "200", status=None)["messages"]
        for nick in ("ana", "ben"):
            of_one = [said["text"] for said in heard if said["sender"] == nick]
            wanted = [text for sender, text in self.said if sender == nick]
            assert of_one == wanted[: len(of_one)], f"what {who.nick} has of {nick}: {of_one}"
        return len(heard) == len(self.said)

    def settle(self):
        """Until both have everything, and know that the other one has read it."""
        for who, other in ((self.ana, self.ben), (self.ben, self.ana)):
            until(lambda: self.is_known_to(who), f"all comes to {who.nick}")
        for who, other in ((self.ana, self.ben), (self.ben, self.ana)):
            until(lambda: set(who.steps(other.nick)) <= {"read"}, f"{who.nick} learns that all was read")
        for who in (self.ana, self.ben):
            assert who.run("chats")["alarms"] == []


def test_two_people_on_different_machines_of_a_ring(tmp_path, machines):
    talk = Talk(tmp_path, machines)
    ana, ben = talk.ana, talk.ben
    try:
        # Both are there and the ring is not: it goes directly. Where he is she learns when she writes, at most every five minutes.
        reader = log_in(machines[1].url, "ana", PASSWORD)
        his = reader.done("GET", "/api/v1/accounts/lookup?acct=ben")["id"]
        ben.run("follow", "ana")
        agent = ben.agent("--direct")
        where = f"/api/tertulia/v1/accounts/{his}/presence"
        until(lambda: any(device["addresses"] for device in reader.done("GET", where)), "his address")
        talk.say(ana, "one")
        talk.settle()
        stop_all(machines)
        talk.say(ana, "two", status=None)
        until(lambda: ana.steps("ben")[-1] in ("delivered", "read"), "the signed receipt of his device")
        assert talk.is_known_to(ben)
        end(agent)
        start_all(machines)

        # Both are there, and nothing goes directly.
        agents = [home.agent() for home in (ana, ben)]
        talk.say(ana, "three")
        talk.say(ben, "four")
        talk.settle()
        for agent in agents:
            end(agent)

        # He is away for the whole time of sending, and she when he reads.
        talk.say(ana, "five", "six", "seven")
        assert set(ana.steps("ben")[-3:]) == {"at_home"}
        until(lambda: talk.is_known_to(ben), "what was said while he was away")
        assert talk.is_known_to(ana)
        talk.settle()

        # The leader of his home is killed when it has taken what she said.
        talk.say(ana, "eight")
        assert ana.steps("ben")[-1] == "at_home"
        killed = kill_the_leader_of("ben", machines)
        until(lambda: talk.is_known_to(ben), "what the home took before it lost its leader")
        talk.say(ben, "nine", status=None)
        talk.settle()
        killed.start()

        # The ring is away when she writes, and her terminal is closed before it comes back.
        stop_all(machines)
        console = Console(ana.directory, ana.server, TERTULIA_AGENT="on")
        try:
            console.wait(lambda: console.text().endswith("›"), "the prompt")
            console.keys("send ben ten\r", "ten")
            console.wait(lambda: console.text().endswith("›"), "the prompt again")
        finally:
            console.close()
        talk.said.append(("ana", "ten"))
        start_all(machines)
        # Nobody types anything at her computer.
        until(lambda: talk.is_known_to(ben), "what her agent has sent")
        talk.settle()
    finally:
        for home in (ana, ben):
            home.run("agent", "--stop", status=None)
