"""toot, the Mastodon client for the terminal: the commands and the full-screen mode, as a person types them."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from browser import authorize
from machine import WAIT_S_MAX, until
from terminal import Terminal

PASSWORD = "correct horse battery"
NUMBERS = itertools.count(1)
TOOT = Path(sys.executable).with_name("toot")


class Toot:
    """toot on one person's computer: its settings are in a directory of their own."""

    def __init__(self, nick, home, url):
        self.nick, self.home, self.url = nick, home, url

    @property
    def env(self):
        return {**os.environ, "XDG_CONFIG_HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")}

    def run(self, *words, fails=False):
        done = subprocess.run(
            [TOOT, "--no-color", *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_S_MAX,
        )
        assert (done.returncode != 0) == fails, f"toot {words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *words):
        return json.loads(self.run(*words, "--json"))

    def home_timeline(self):
        return self.run("timeline", "--once", "--count", "20")


@pytest.fixture
def toot(url, tmp_path):
    """Registers somebody, and logs toot in for them."""

    def toot(stem):
        nick = f"{stem}{next(NUMBERS)}"
        answer = requests.post(
            f"{url}/api/tertulia/v1/register", json={"nick": nick, "password": PASSWORD}, timeout=WAIT_S_MAX
        )
        assert answer.ok, answer.text
        person = Toot(nick, tmp_path / nick, url)
        said = person.run("login_cli", "--instance", url, "--email", nick, "--password", PASSWORD)
        assert "Successfully logged in" in said
        return person

    return toot


def test_says_who_is_logged_in(toot):
    ana = toot("adela")
    assert f"@{ana.nick}" in ana.run("whoami")
    assert ana.nick in ana.run("auth")


def test_a_wrong_password_does_not_log_in(toot, url):
    ana = toot("alba")
    said = ana.run("login_cli", "--instance", url, "--email", ana.nick, "--password", "wrong", fails=True)
    assert "Login failed" in said


def test_logs_in_by_the_code_that_the_browser_shows(toot, url, tmp_path):
    nick = toot("aurora").nick
    env = {"XDG_CONFIG_HOME": str(tmp_path / "another computer"), "BROWSER": "true"}
    with Terminal([TOOT, "login", "--instance", url], env=env, columns=400) as terminal:
        terminal.see("[Y/n]")
        page = re.search(r"http\S+/oauth/authorize\S+", terminal.text()).group(0)
        terminal.type("n")
        terminal.see("Authorization code")
        terminal.type(authorize(page, nick, PASSWORD))
        terminal.see("Successfully logged in")
        assert terminal.end() == 0


def test_posts_and_shows_it_in_a_followers_timeline(toot):
    ana, bea = toot("beatriz"), toot("bruna")
    said = bea.run("follow", ana.nick)
    assert f"now following {ana.nick}" in said
    said = ana.run("post", "hello from toot")
    assert re.search(r"Toot posted: http://([^/]+)/([^/]+)/(.+)", said)
    until(lambda: "hello from toot" in bea.home_timeline(), "the follower sees it")
    assert "hello from toot" in bea.run("timelines", "home", "--no-pager", "--no-clear")
    assert f"@{ana.nick}" in bea.run("following")
    assert f"@{bea.nick}" in ana.run("followers")
    assert "no longer following" in bea.run("unfollow", ana.nick)


def test_finds_a_person_with_the_name_of_the_machine_behind(toot, url):
    ana, bea = toot("camila"), toot("carmen")
    host = url.removeprefix("http://")
    assert "now following" in bea.run("follow", f"@{ana.nick}@{host}")
    assert "Account not found" in bea.run("follow", "nobody_of_that_nick", fails=True)


def test_reblogs_and_takes_it_back(toot):
    ana, bea, carla = toot("diana"), toot("dulce"), toot("daria")
    carla.run("follow", bea.nick)
    dweet = ana.json("post", "worth passing on")
    assert "reblogged" in bea.run("reblog", dweet["id"])
    until(lambda: "worth passing on" in carla.home_timeline(), "the reblog reaches the follower")
    assert bea.nick in ana.run("reblogged_by", dweet["id"])
    assert "unreblogged" in bea.run("unreblog", dweet["id"])
    until(lambda: "worth passing on" not in carla.home_timeline(), "it is gone again")


def test_favourites_answers_and_notifications(toot):
    ana, bea = toot("elsa"), toot("emma")
    dweet = ana.json("post", "a question")
    assert "favourited" in bea.run("favourite", dweet["id"])
    answer = bea.json("post", f"@{ana.nick} an answer", "--reply-to", dweet["id"])
    assert answer["in_reply_to_id"] == dweet["id"]
    until(lambda: "an answer" in ana.run("notifications"), "the answer is notified")
    assert "an answer" in ana.run("thread", dweet["id"])
    assert {n["type"] for n in ana.json("notifications")} == {"favourite", "mention"}
    assert "unfavourited" in bea.run("unfavourite", dweet["id"])
    assert "cleared" in ana.run("notifications", "--clear")


def test_bookmarks(toot):
    ana, bea = toot("ines"), toot("irma")
    one, two = ana.json("post", "worth reading later"), ana.json("post", "and this")
    for dweet in (two, one):
        assert "bookmarked" in bea.run("bookmark", dweet["id"])
    shown = bea.run("bookmarks")
    assert shown.index("worth reading later") < shown.index("and this"), "what was bookmarked last comes first"
    assert "unbookmarked" in bea.run("unbookmark", one["id"])
    assert "worth reading later" not in bea.run("bookmarks")
    assert "and this" not in ana.run("bookmarks"), "they are bea's alone"


def test_searches_and_reads_hashtags(toot):
    ana = toot("flora")
    ana.run("post", "we grow #calabaza here")
    until(lambda: "calabaza" in ana.run("timeline", "--tag", "calabaza", "--once"), "the hashtag has its dweet")
    assert "#calabaza" in ana.run("search", "calabaza")
    assert f"@{ana.nick}" in ana.run("search", ana.nick)
    until(lambda: "we grow" in ana.run("timeline", "--public", "--once"), "the public timeline has it")
    assert "we grow" in ana.run("timeline", "--account", ana.nick, "--once")


def test_deletes(toot):
    ana = toot("gloria")
    dweet = ana.json("post", "a mistake")
    assert "deleted" in ana.run("delete", dweet["id"])
    ana.run("status", dweet["id"], fails=True)


def test_mutes_and_blocks(toot):
    ana, bea = toot("helena"), toot("hilda")
    assert "You have muted" in ana.run("mute", bea.nick)
    assert f"@{bea.nick}" in ana.run("muted")
    assert "no longer muted" in ana.run("unmute", bea.nick)
    assert "now blocking" in ana.run("block", bea.nick)
    assert f"@{bea.nick}" in ana.run("blocked")
    assert "no longer blocked" in ana.run("unblock", bea.nick)


def test_changes_the_profile(toot):
    ana = toot("irene")
    assert "updated" in ana.run("update_account", "--display-name", "Irene I.", "--note", "about me")
    assert "Irene I." in ana.run("whois", ana.nick)
    assert "225" in json.dumps(ana.json("instance"))


def test_the_full_screen_mode_starts_posts_and_leaves(toot):
    ana, bea = toot("julia"), toot("josefa")
    ana.run("follow", bea.nick)
    bea.run("post", "seen on the whole screen")
    until(lambda: "seen on the whole" in ana.home_timeline(), "the dweet has arrived")
    with Terminal([TOOT, "--no-color", "tui"], env={"XDG_CONFIG_HOME": str(ana.home)}, columns=120) as terminal:
        terminal.see("press Enter to continue")
        terminal.type("")
        terminal.shows("seen on the whole screen")
        terminal.shows("[home]")
        terminal.press("c")
        terminal.shows("0/225")
        terminal.press("typed on the whole screen")
        # It counts down; below the text are the content warning, the visibility, and the button to post.
        terminal.shows("200/225")
        terminal.press("\x1b[B" * 3 + "\r")
        until(lambda: "typed on the whole" in bea.run("timeline", "--account", ana.nick, "--once"), "it is posted")
        terminal.shows("Status posted")
        assert "An exception occurred" not in terminal.text()
        terminal.press("q")
        assert terminal.end() == 0
