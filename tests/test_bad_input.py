"""What should not have been sent: a clear error in JSON, nothing lost, nothing half done.

After each of them the same person on the same machine publishes as if nothing had been.
"""

import json
import socket

import pytest
import requests

from machine import WAIT_S_MAX, Machine
from people import PASSWORD, register


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with Machine(tmp_path_factory.mktemp("bad") / "machine") as machine:
        yield machine


@pytest.fixture(scope="module")
def ana(machine):
    return register(machine.url, "ana")


@pytest.fixture(autouse=True)
def unharmed(ana):
    before = count(ana)
    yield
    assert count(ana) == before, "something was published half"
    dweet = ana.dweet("and life goes on")
    assert ana.call("DELETE", f"/api/v1/statuses/{dweet['id']}").ok


def count(person):
    return len(person.done("GET", f"/api/v1/accounts/{person.id}/statuses?limit=40"))


def refused(answer, *statuses):
    """One of the statuses, and a body that tells a person and a program why."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert body["error"] and body["code"], body
    return body


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text_empty"),
        (" \n \u3000 ", "text_empty"),
        ("x" * 226, "text_too_long"),
        ("👩‍👩‍👧‍👦" * 226, "text_too_long"),
        ("a\u0301" * 226, "text_too_long"),
        ("x" * 100_000, "text_too_long"),
        ("bell \a", "text_control_character"),
        ("escape \x1b[31m red", "text_control_character"),
        ("nul \0 in the middle", "text_control_character"),
    ],
)
def test_dweets_that_are_none(ana, text, code):
    assert refused(ana.post("/api/v1/statuses", {"status": text}), 422)["code"] == code


def test_as_long_as_a_person_counts(ana):
    for text in ("👩‍👩‍👧‍👦" * 225, "e\u0301" * 225, "x" * 225):
        dweet = ana.dweet(text)
        assert ana.call("DELETE", f"/api/v1/statuses/{dweet['id']}").ok


@pytest.mark.parametrize("nick", ["", "with space", "ñandú", "a-b", "x" * 31, "a\0b", "../../etc", "<b>", "名前", "a.b"])
def test_nicks_outside_the_alphabet(machine, nick):
    answer = requests.post(
        f"{machine.url}/api/tertulia/v1/register", json={"nick": nick, "password": PASSWORD}, timeout=WAIT_S_MAX
    )
    refused(answer, 422)


def test_a_nick_is_one_whatever_the_case(machine, ana):
    answer = requests.post(
        f"{machine.url}/api/tertulia/v1/register",
        json={"nick": ana.nick.upper(), "password": PASSWORD},
        timeout=WAIT_S_MAX,
    )
    assert refused(answer, 422)["code"] == "nick_taken"


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"status": ', b"[]", b'"text"', b"\xff\xfe", b'{"status": 7', b'{"status":"a"}{"status":"b"}', b"[" * 50_000],
)
def test_json_that_is_none(ana, body):
    answer = ana.call("POST", "/api/v1/statuses", data=body, headers={"Content-Type": "application/json"})
    refused(answer, 400, 422)


@pytest.mark.parametrize("body", [{"status": [["a"]]}, {"status": {"a": 1}}, {"status": None}, {}])
def test_json_of_another_shape(ana, body):
    refused(ana.post("/api/v1/statuses", body), 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "image/png", "nonsense"])
def test_content_types_that_are_not_read(ana, kind):
    answer = ana.call("POST", "/api/v1/statuses", data=b"status=hello", headers={"Content-Type": kind})
    assert refused(answer, 415)["code"] == "unknown_type"


def test_a_multipart_form_that_breaks_off(ana):
    body = b'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\nhalf'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(ana.call("POST", "/api/v1/statuses", data=body, headers=headers), 400)


def test_a_huge_body(ana):
    body = json.dumps({"status": "x" * 5_000_000}).encode()
    try:
        answer = ana.call("POST", "/api/v1/statuses", data=body, headers={"Content-Type": "application/json"})
    except requests.exceptions.ConnectionError:
        # It need not be read to the end; then the sender may not hear why.
        return
    assert refused(answer, 413)["code"] == "too_large"


def test_a_body_that_never_ends_costs_nobody_else(machine, ana):
    """A slow client: it has announced a body, and sends a byte of it; others are served meanwhile."""
    lines = [
        "POST /api/v1/statuses HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {ana.token}",
        "Content-Type: application/json",
        "Content-Length: 100000",
        "",
        "{",
    ]
    slow = []
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", machine.port), timeout=WAIT_S_MAX)
        connection.sendall("\r\n".join(lines).encode())
        slow.append(connection)
    assert ana.is_logged_in()
    # In the end the machine says that it waits no longer, or just hangs up.
    said = slow[0].recv(4096)
    assert said == b"" or said.startswith(b"HTTP/1.1 408"), said
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("what", [b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 1000])
def test_what_is_no_http(machine, ana, what):
    with socket.create_connection(("127.0.0.1", machine.port), timeout=WAIT_S_MAX) as connection:
        try:
            connection.sendall(what)
            connection.shutdown(socket.SHUT_WR)
            said = connection.recv(4096)
        except OSError:
            # It may hang up before all is said.
            said = b""
    assert said == b"" or said.startswith(b"HTTP/1.1 4"), said


@pytest.mark.parametrize("name", ["0", "1", "999999999999999999", "9" * 40, "-1", "abc", "%00", "..%2f..", "1e9"])
def test_unknown_ids(ana, name):
    for path in (f"/api/v1/statuses/{name}", f"/api/v1/accounts/{name}", f"/api/v1/statuses/{name}/context"):
        refused(ana.get(path), 404)
    refused(ana.post(f"/api/v1/statuses/{name}/reblog"), 404)
    refused(ana.post(f"/api/v1/accounts/{name}/follow"), 404)
    refused(ana.call("DELETE", f"/api/v1/statuses/{name}"), 404)


def test_paths_and_methods_that_do_not_exist(ana):
    refused(ana.get("/api/v1/nothing/of/that/kind"), 404)
    refused(ana.call("DELETE", "/api/v1/timelines/home"), 405)


@pytest.mark.parametrize("token", ["", "x", "ünsinn", "a" * 10_000, "null", "00000000000000000000000000000000"])
def test_forged_tokens(machine, token):
    answer = requests.get(
        f"{machine.url}/api/v1/timelines/home",
        headers={"Authorization": f"Bearer {token}".encode()},
        timeout=WAIT_S_MAX,
    )
    refused(answer, 401, 431)


def test_a_token_that_is_almost_right(machine, ana):
    for changed in (ana.token[:-1], ana.token + "x", ana.token.swapcase()):
        answer = requests.get(
            f"{machine.url}/api/v1/timelines/home", headers={"Authorization": f"Bearer {changed}"}, timeout=WAIT_S_MAX
        )
        refused(answer, 401)


def test_a_private_message_as_a_status_is_refused_with_words_and_not_stored(ana):
    answer = ana.post("/api/v1/statuses", {"status": "for your eyes only", "visibility": "direct"})
    assert "private message" in refused(answer, 422)["error"].lower()


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=abc", "limit=99999999999", "max_id=abc", "min_id=%00", "since_id=" + "9" * 50]
)
def test_pages_that_make_no_sense(ana, query):
    answer = ana.get(f"/api/v1/timelines/home?{query}")
    assert answer.status_code in (200, 400, 422), answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
