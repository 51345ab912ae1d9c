"""The README tells the truth: its session, typed again, gives what it shows.

A fenced block marked `console` is a session: `$ ` stands before a command (`bob$ ` before one on Bob's own computer), `› ` before
what is typed in Tertulia's own console, and behind a question stands its answer (stars: a password). What follows is what comes back.

The console's session is also typed by somebody who errs: at each prompt first a wrong answer, then the right one; and
by somebody who speaks Spanish. Before comparing, what differs from run to run is put aside: ids and times.
"""

import os
import re
from pathlib import Path

import pytest

from machine import ROOT, Machine, binary
from people import PASSWORD
from terminal import Terminal

README = ROOT / "README.md"
# As the README shows it; the test's machine has a port of its own.
SHOWN_ADDRESS = "127.0.0.1:8787"
LOCALES = {"en": "en_GB.UTF-8", "es": "es_ES.UTF-8"}
# Clears the line: what was refused stays there, to be mended.
CLEAR = "\x15"
# Where the console waits for a word. (Once it is typed, only the last part of this stays.)
PROMPT = re.compile(r"(tertulia|@\w+[^›\n]*) ›\s*$")
# What is wrong at each prompt, what is said about it, and with what in its places.
WRONG = {
    "command": ("xyzzy", "hint-unknown", {"typed": "xyzzy"}),
    "ask-nick-new": ("Ana María", "hint-nick", {}),
    "ask-name": ("x" * 200, "unfit-too-long", {"over": 170, "max": 30}),
    "ask-password-new": ("short", "hint-password-short", {"min": 8}),
    "ask-password-again": ("not the same", "hint-password-differs", {}),
    "ask-nick-whom": ("nobody_here", "refused-no-such-nick", {"words": "nobody_here"}),
    "ask-dweet": ("that one", "misuse-not-a-dweet", {"typed": "that one"}),
    "ask-reply": (" ", "unfit-empty", {}),
}


class Words:
    """The console's texts in one language."""

    def __init__(self, language):
        text = (ROOT / "crates/console/locales" / language / "console.ftl").read_text()
        self.texts = dict(re.findall(r"^([a-z-]+) = (.*)$", text, flags=re.MULTILINE))

    def __call__(self, key, **given):
        text = self.texts[key]
        for name, value in given.items():
            text = text.replace("{ $" + name + " }", str(value))
        return text

    def begins(self, key, **given):
        """As far as it is the same whatever stands in the other places."""
        return self(key, **given).split("{")[0].strip()

    def key(self, start, text):
        """The key of the longest text of this kind with which the line begins."""
        found = [(len(words), key) for key, words in self.texts.items() if key.startswith(start) and text.startswith(words)]
        return max(found)[1] if found else None


def commands():
    """Of each command in the README's sessions: whose computer it is typed on, what is typed, and the lines that come back."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    for block in blocks:
        pieces = re.split(r"^(\w*)\$ ", block, flags=re.MULTILINE)[1:]
        for whose, typed in zip(pieces[::2], pieces[1::2]):
            command, *shown = typed.rstrip("\n").split("\n")
            yield whose, command, shown


def steps(shown):
    """What a person types while a command runs: the prompt's key, and the answer."""
    say = Words("en")
    for line in shown:
        if line.startswith("› "):
            yield "command", line.removeprefix("› ")
        elif key := say.key("ask-", line):
            answer = line.removeprefix(say(key)).strip()
            yield key, PASSWORD if set(answer) == {"*"} else answer


def plain(text):
    """Without what differs from run to run."""
    text = re.sub(r"\b\d{17,19}\b", "ID", text)
    text = re.sub(r"· (now|\d+ (min|h|d))\b", "· AGE", text)
    text = re.sub(r"\*{3,}", "***", text)
    return [line.rstrip() for line in text.strip().split("\n") if line.strip()]


@pytest.fixture
def computer(tmp_path):
    """A machine, and what a person's computer has set."""
    with Machine(tmp_path / "machine") as machine:

        def env(whose, language="en"):
            return {
                "PATH": f"{binary().parent}:{os.environ['PATH']}",
                "TERTULIA_SERVER": machine.url,
                "TERTULIA_HOME": str(tmp_path / f"home-{whose}"),
                "LANG": LOCALES[language],
                "LC_ALL": LOCALES[language],
            }

        yield machine, env


def run(command, env):
    return Terminal(["/bin/sh", "-c", command], env=env)


def asks(terminal, say, prompt):
    """Waits for the prompt."""
    if prompt == "command":
        terminal.wait(lambda: PROMPT.search(terminal.written()), "the console's prompt")
    else:
        terminal.see(say(prompt))


def test_the_session_gives_what_the_readme_shows(computer):
    machine, env = computer
    assert any("› " in line for _, _, shown in commands() for line in shown), "no session of the console"
    for whose, command, shown in commands():
        with run(command, env(whose)) as terminal:
            for prompt, answer in steps(shown):
                asks(terminal, Words("en"), prompt)
                terminal.type(answer)
            assert terminal.end() == 0, terminal.text()
            came = terminal.text().replace(machine.host, SHOWN_ADDRESS)
            assert plain(came) == plain("\n".join(shown)), f"$ {command}"


@pytest.mark.parametrize("language", LOCALES)
def test_the_console_session_with_a_wrong_answer_at_each_prompt(computer, language):
    _, env = computer
    say = Words(language)
    erred = set()
    for whose, command, shown in commands():
        with run(command, env(whose, language)) as terminal:
            for prompt, answer in steps(shown):
                if command != "tertulia console":
                    asks(terminal, say, prompt)
                    terminal.type(answer)
                    continue
                err(terminal, say, prompt)
                erred.add(prompt)
                terminal.type(answer if prompt != "command" else translated(say, answer))
            assert terminal.end() == 0, terminal.text()
            assert all(len(row) <= 80 for row in terminal.rows())
            assert PASSWORD not in terminal.text()
    assert erred == set(WRONG), "each prompt of the session had its wrong answer"


def err(terminal, say, prompt):
    """Gives the wrong answer, sees the hint, and stands before the prompt again."""
    asks(terminal, say, prompt)
    wrong, hint, given = WRONG[prompt]
    terminal.type(wrong)
    terminal.see(say.begins(hint, **given))
    if prompt == "ask-password-again":
        # Both are asked for again.
        asks(terminal, say, "ask-password-new")
        terminal.type(PASSWORD)
    asks(terminal, say, prompt)
    if prompt not in ("ask-password-new", "ask-password-again"):
        terminal.press(CLEAR)


def translated(say, line):
    """A line for the console, its first word in the person's language."""
    word, *rest = line.split(" ", 1)
    keys = [key for key, text in Words("en").texts.items() if key.startswith("word-") and text == word]
    return " ".join([say(keys[0]), *rest])


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "ARCHITECTURE.md"])
def test_links_to_files_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / target).exists(), f"{page} names {target}"


def test_every_make_target_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", Path(ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^ +make ([a-z-]+)", README.read_text(), flags=re.MULTILINE)) <= targets
