"""The commands of those who run a machine: what they show, what they refuse and why, and their exit statuses."""

import json
import os
import signal
import socket
import subprocess

import pytest

from machine import WAIT_S_MAX, Machine, binary, until
from terminal import Terminal

DONE, REFUSED, MISUSED, UNREACHABLE = 0, 1, 2, 3
COMMANDS = ["up", "join", "token", "status", "lookup", "leave", "remove", "recover", "backup", "restore"]


def environment(language="en", **settings):
    """Nothing of the tester's own environment decides, but where other machines are to reach this one."""
    locale = {"en": "C.UTF-8", "es": "es_ES.UTF-8"}[language]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "LC_", "LANG"))}
    return {**bare, "TERTULIA_PEER": "127.0.0.1:0", "LANG": locale, **settings}


def run(*words, language="en", typed=None, **settings):
    return subprocess.run(
        [binary(), *map(str, words)],
        env=environment(language, **settings),
        input=typed,
        stdin=None if typed else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
    )


def answer(*words, status=DONE):
    """The one JSON object that a command answers."""
    ran = run(*words, "--json")
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert ran.stdout.count("\n") == 1, "one object on one line, and nothing else"
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with Machine(tmp_path_factory.mktemp("operated") / "machine") as running:
        yield running


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help_in_both_languages(command):
    english, spanish = run(command, "--help"), run(command, "--help", language="es")
    assert (english.returncode, spanish.returncode) == (DONE, DONE)
    assert "Usage: tertulia " + command in english.stdout and "Uso: tertulia " + command in spanish.stdout
    assert english.stderr == spanish.stderr == ""
    flags = [line.split()[0] for line in english.stdout.splitlines() if line.lstrip().startswith("-")]
    assert "--data" in english.stdout and flags
    shared = set(english.stdout.splitlines()) & set(spanish.stdout.splitlines())
    said = [line for line in shared if len(line.split()) > 4 and not line.lstrip().startswith(("-", "[", "<"))]
    assert said == [], "lines that are not translated"


def test_the_help_says_what_a_flag_is_by_default():
    said = " ".join(run("up", "--help").stdout.split())
    for default in ["[default: data]", "[default: 127.0.0.1:8787]", "[default: 127.0.0.1:8788]", "[default: 5]"]:
        assert default in said


@pytest.mark.parametrize(
    "words",
    [
        ["up", "--replicas", "0"],
        ["up", "--replicas", "10"],
        ["up", "--replicas", "many"],
        ["up", "--peer", "nowhere"],
        ["up", "--advertise", "a b"],
        ["join", "--as", "king"],
        ["join", "not an address"],
        ["token", "--valid", "forever"],
        ["token", "--valid", "31d"],
        ["token", "--as", "auto"],
        ["lookup"],
        ["lookup", "no nick"],
        ["remove"],
        ["remove", "xyz"],
        ["recover"],
        ["backup"],
        ["restore"],
        ["status", "--whatch"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_a_usage_error_and_touches_nothing(words, tmp_path):
    ran = run(*words, TERTULIA_DATA=str(tmp_path / "machine"))
    assert ran.returncode == MISUSED, ran.stdout + ran.stderr
    assert ran.stdout == "" and ran.stderr != "" and "panicked" not in ran.stderr
    assert not (tmp_path / "machine").exists()


def test_joining_without_a_token_says_where_one_comes_from(tmp_path):
    data = tmp_path / "machine"
    for words, wanted in [([], "tertulia token"), (["--token", "hunter2"], "token")]:
        ran = run("join", "127.0.0.1:1", "--data", data, "--http", "127.0.0.1:0", *words)
        assert ran.returncode == MISUSED and wanted in ran.stderr, ran.stdout + ran.stderr
        assert not (data / "machine.json").exists()


@pytest.mark.parametrize("words", [["status"], ["status", "--watch"], ["token"], ["lookup", "ana"], ["leave"], ["remove", "0123"]])
def test_without_a_machine_it_says_what_to_do(words, tmp_path):
    for data, wanted in [(tmp_path, f"tertulia up --data {tmp_path}"), (tmp_path / "nothing", "There is no directory")]:
        ran = run(*words, "--data", data)
        assert ran.returncode == UNREACHABLE, ran.stdout + ran.stderr
        assert ran.stdout == "" and wanted in " ".join(ran.stderr.split())
    assert answer(*words, "--data", tmp_path, status=UNREACHABLE)["code"] == "unreachable"
    assert "Ninguna máquina" in run(*words, "--data", tmp_path, language="es").stderr


def test_a_machine_that_was_killed_is_no_machine_and_comes_back(tmp_path):
    machine = Machine(tmp_path / "machine").start()
    assert run("status", "--data", machine.data).returncode == DONE
    machine.kill()
    assert run("status", "--data", machine.data).returncode == UNREACHABLE
    with machine:
        assert run("status", "--data", machine.data).returncode == DONE
        machine.stop()
    assert not (machine.data / "control").exists()


def test_the_ring_is_shown(machine):
    status = answer("status", "--data", machine.data)
    (only,) = status["machines"]
    assert (only["role"], only["state"], only["is_this"], only["is_entry"]) == ("node", "alive", True, True)
    assert only["http"] == [machine.url] and len(only["id"]) == 16
    assert (status["tolerates"], status["is_partial"]) == (0, False)
    assert [note["kind"] for note in status["notes"]] == ["one_machine"]
    (whole,) = status["ranges"]
    assert whole["leader"] == only["id"] and whole["is_led"]
    assert [copy["machine"] for copy in whole["copies"]] == [only["id"]]
    said = run("status", "--data", machine.data).stdout
    for part in [status["ring"]["name"], only["id"][:8], "alive", "100.0 %", "No machine may be lost now"]:
        assert part in said, said
    assert all(len(line) <= 80 for line in said.splitlines())
    assert "\x1b" not in said, "colours in a pipe"
    spanish = run("status", "--data", machine.data, language="es").stdout
    assert "viva" in spanish and "100,0 %" in spanish


def test_the_machine_is_found_by_its_variable_too(machine):
    assert run("status", TERTULIA_DATA=str(machine.data)).returncode == DONE


def test_where_the_terminal_has_no_unicode_the_drawing_is_ascii(machine):
    said = run("status", "--data", machine.data, LANG="C").stdout
    assert said.replace("“", '"').replace("”", '"').isascii(), said


def test_the_way_to_a_home(machine):
    path = answer("lookup", "ana", "--data", machine.data)
    assert path["nick"] == "ana" and len(path["position"]) == 16
    assert path["leader"] == path["hops"][0]["machine"] == answer("status", "--data", machine.data)["machines"][0]["id"]
    said = run("lookup", "ana", "--data", machine.data).stdout
    assert path["position"] in said and path["group"] in said


def test_the_last_machine_cannot_leave_and_serves_on(machine):
    ran = run("leave", "--data", machine.data)
    assert ran.returncode == REFUSED and "last machine" in ran.stderr, ran.stdout + ran.stderr
    assert answer("leave", "--data", machine.data, status=REFUSED)["code"] == "last_machine"
    assert machine.ready()


def test_removing_what_is_not_there_or_oneself(machine):
    this = answer("status", "--data", machine.data)["machines"][0]["id"]
    assert answer("remove", this, "--data", machine.data, status=REFUSED)["code"] == "itself"
    other = "0000" if not this.startswith("0000") else "1111"
    assert answer("remove", other, "--yes", "--data", machine.data, status=REFUSED)["code"] == "unknown_machine"
    assert machine.ready()


def test_there_is_nothing_to_recover_where_nothing_is_lost(machine):
    refused = answer("recover", "--from-this-copy", "--yes", "--data", machine.data, status=REFUSED)
    assert refused["code"] == "nothing_lost"


def test_a_watched_ring_is_drawn_in_place_and_ctrl_c_gives_the_terminal_back(tmp_path):
    with Machine(tmp_path / "machine") as machine:
        words = [binary(), "status", "--watch", "--data", machine.data]
        with Terminal(words, env=environment()) as terminal:
            terminal.shows("alive")
            terminal.shows("Ctrl-C goes back.")
            terminal.press("\x03")
            assert terminal.end() == DONE
            assert "\x1b[?1049l" in terminal.since.decode(), "the screen from before is back"
        with Terminal(words, env=environment()) as terminal:
            terminal.shows("alive")
            machine.stop()
            assert terminal.end() == UNREACHABLE
            assert "No machine runs" in " ".join(terminal.text().split())


def test_a_script_watches_line_by_line(machine):
    words = [binary(), "status", "--watch", "--json", "--data", machine.data]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True) as watching:
        first = json.loads(watching.stdout.readline())
        assert first["status"]["machines"][0]["state"] == "alive"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(WAIT_S_MAX) == DONE


def test_a_second_machine_on_the_same_data_leaves_the_first_one_its_socket(machine):
    ran = run("up", "--data", machine.data, "--http", "127.0.0.1:0")
    assert ran.returncode == REFUSED and "in use" in ran.stderr
    assert run("status", "--data", machine.data).returncode == DONE


def test_settings_come_from_flags_then_variables_then_the_file(tmp_path):
    data = tmp_path / "machine"
    data.mkdir()
    (data / "tertulia.toml").write_text("title = 'File'\nno-entry = true\nadvertise = ['file.local:1']\nreplicas = 3\n")
    with Machine(data, TERTULIA_TITLE="Variable") as machine:
        status = answer("status", "--data", data)
        assert (status["ring"]["name"], status["ring"]["replicas"]) == ("Variable", 3)
        assert status["machines"][0]["is_entry"] is False
        assert machine.ready()


def test_a_port_for_peers_that_is_in_use(tmp_path, machine):
    ran = run("up", "--data", tmp_path / "other", "--http", "127.0.0.1:0", "--peer", machine.host)
    assert ran.returncode == REFUSED and "--peer" in ran.stderr and machine.host in ran.stderr
    assert not (tmp_path / "other").exists()


def test_only_the_owner_may_command_the_machine(machine):
    assert (machine.data / "control").stat().st_mode & 0o777 == 0o600
    # Another user's part can be played by root only.
    if os.geteuid() == 0:
        ran = subprocess.run(
            [binary(), "status", "--data", machine.data],
            env=environment(),
            capture_output=True,
            text=True,
            user=65534,
            timeout=WAIT_S_MAX,
        )
        assert ran.returncode == UNREACHABLE and "You may not use" in ran.stderr


def test_the_socket_takes_garbage_and_the_machine_serves_on(machine):
    for garbage in [b"\n", b"x" * 10_000, b'{"version":99,"ask":{}}\n', b"\x00\xff\n"]:
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(WAIT_S_MAX)
            raw.connect(str(machine.data / "control"))
            try:
                raw.sendall(garbage)
                raw.recv(65536)
            except (BrokenPipeError, ConnectionResetError):
                pass
    until(lambda: run("status", "--data", machine.data).returncode == DONE, "the machine answers")
    assert machine.ready()
