"""People for the tests, by Tertulia's own HTTP API: no app in between."""

import itertools

import requests

from machine import WAIT_S_MAX

PASSWORD = "correct horse battery"
NUMBERS = itertools.count(1)


class Person:
    """Somebody with a session."""

    def __init__(self, url, nick, token, verify=True):
        self.url, self.nick, self.token = url, nick, token
        self.http = requests.Session()
        self.http.verify = verify
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, **given):
        return self.http.request(method, self.url + path, timeout=WAIT_S_MAX, **given)

    def get(self, path, **given):
        return self.call("GET", path, **given)

    def post(self, path, body=None, **given):
        return self.call("POST", path, json=body, **given)

    def done(self, method, path, body=None, **given):
        answer = self.call(method, path, json=body, **given)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    @property
    def id(self):
        return self.done("GET", "/api/v1/accounts/verify_credentials")["id"]

    def dweet(self, text):
        return self.done("POST", "/api/v1/statuses", {"status": text})

    def follow(self, other):
        return self.done("POST", f"/api/v1/accounts/{other.id}/follow")

    def home(self):
        return self.done("GET", "/api/v1/timelines/home?limit=40")

    def is_logged_in(self):
        status = self.get("/api/v1/accounts/verify_credentials").status_code
        assert status in (200, 401), status
        return status == 200

    def stream(self):
        """The stream of what happens to this person, open; its lines come by `iter_lines`."""
        answer = self.get("/api/v1/streaming/user", stream=True)
        assert answer.status_code == 200, answer.text
        return answer


def register(url, stem, verify=True):
    nick = f"{stem}{next(NUMBERS)}"
    return entered(url, "register", {"nick": nick, "password": PASSWORD}, verify)


def log_in(url, nick, password=PASSWORD, verify=True):
    return entered(url, "login", {"nick": nick, "password": password}, verify)


def entered(url, door, body, verify):
    answer = requests.post(f"{url}/api/tertulia/v1/{door}", json=body, timeout=WAIT_S_MAX, verify=verify)
    assert answer.ok, f"{door}: {answer.status_code} {answer.text}"
    return Person(url, body["nick"], answer.json()["access_token"], verify)
