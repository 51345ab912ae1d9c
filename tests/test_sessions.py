"""Sessions end when they should: at once, with their open streams, and no other session with them.

Each test has a second session of the same person, and a stream open on both.
"""

import threading

import pytest

from machine import WAIT_S_MAX, Machine, until
from people import PASSWORD, log_in, register


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with Machine(tmp_path_factory.mktemp("sessions") / "machine") as machine:
        yield machine.url


class Watched:
    """A session with an open stream, of which it is known whether it has ended."""

    def __init__(self, person):
        self.person = person
        self.answer = person.stream()
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for line in self.answer.iter_lines(chunk_size=1):
                self.lines.append(line.decode())
        except Exception as broken:  # the machine may cut a stream as well as end it
            self.lines.append(f"broken: {broken}")

    def ends(self):
        self.thread.join(WAIT_S_MAX)
        assert not self.thread.is_alive(), "the stream of an ended session stays open"

    def brings(self, text):
        until(lambda: any(text in line for line in self.lines), f"the stream brings {text!r}")


@pytest.fixture
def twice(url):
    """A person with two sessions, each with a stream."""
    first = register(url, "ana")
    return Watched(first), Watched(log_in(url, first.nick))


def test_logout_ends_its_session_and_its_stream_and_no_other(url, twice):
    one, other = twice
    one.person.done("POST", "/api/tertulia/v1/logout")
    assert not one.person.is_logged_in()
    assert one.person.post("/api/v1/statuses", {"status": "from beyond"}).status_code == 401
    one.ends()
    assert other.person.is_logged_in()
    other.person.dweet("still here")
    other.brings("still here")


def test_a_new_password_ends_all_other_sessions(url, twice):
    one, other = twice
    nick = one.person.nick
    refused = one.person.post("/api/tertulia/v1/password", {"current": "not the one", "new": "a new password"})
    assert not refused.ok
    assert other.person.is_logged_in()

    one.person.done("POST", "/api/tertulia/v1/password", {"current": PASSWORD, "new": "a new password"})
    assert not other.person.is_logged_in()
    other.ends()
    assert one.person.is_logged_in()
    one.person.dweet("I have changed it")
    one.brings("I have changed it")
    assert log_in(url, nick, "a new password").is_logged_in()
    with pytest.raises(AssertionError):
        log_in(url, nick, PASSWORD)


def test_a_closed_account_ends_everywhere_and_its_nick_is_never_given_out_again(url, twice):
    one, other = twice
    nick, friend = one.person.nick, register(url, "bea")
    friend.follow(one.person)
    dweet = one.person.dweet("soon gone")
    until(lambda: dweet["id"] in [entry["id"] for entry in friend.home()], "the friend sees the dweet")

    assert not one.person.post("/api/tertulia/v1/account/close", {"password": "not the one"}).ok
    one.person.done("POST", "/api/tertulia/v1/account/close", {"password": PASSWORD})
    for watched in twice:
        assert not watched.person.is_logged_in()
        watched.ends()
    with pytest.raises(AssertionError):
        log_in(url, nick)
    taken = friend.http.post(f"{url}/api/tertulia/v1/register", json={"nick": nick, "password": PASSWORD})
    assert taken.status_code == 422 and taken.json()["code"] == "nick_taken"
    assert friend.get("/api/v1/accounts/lookup", params={"acct": nick}).status_code == 404
    until(lambda: dweet["id"] not in [entry["id"] for entry in friend.home()], "the dweet leaves the friend's timeline")
    assert friend.get(f"/api/v1/statuses/{dweet['id']}").status_code == 404


def test_sessions_are_listed_and_can_be_ended_from_another(url, twice):
    one, other = twice
    listed = one.person.done("GET", "/api/tertulia/v1/sessions")
    assert [entry["current"] for entry in listed].count(True) == 1
    away = next(entry for entry in listed if not entry["current"])
    one.person.done("DELETE", f"/api/tertulia/v1/sessions/{away['id']}")
    assert not other.person.is_logged_in()
    other.ends()
    assert one.person.is_logged_in()
