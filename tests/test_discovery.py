"""A client on a computer without a network, and without an address to ask at: it says so, and what to do."""

import json
import os
import subprocess

import pytest

from machine import Machine, binary


@pytest.fixture
def alone(tmp_path):
    """Runs a command in a network namespace of its own, in which no interface is up."""

    def run(*words, language="C.UTF-8"):
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "LC_", "LANG"))}
        settings = {"TERTULIA_HOME": str(tmp_path / "home"), "TERTULIA_PASSWORD": "correct horse", "LANG": language}
        return subprocess.run(
            ["unshare", "--net", binary(), *words],
            env={**bare, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    assert probe.returncode == 0, f"this test needs root and network namespaces: {probe.stderr}"
    return run


def test_without_a_network_the_next_step_is_said(alone):
    ran = alone("login", "ana")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    said = " ".join(ran.stderr.split())
    assert "none answered on this network" in said and "--server" in said
    assert "http://127.0.0.1:8787: there is no connection" in said
    ran = alone("login", "ana", language="es_ES.UTF-8")
    assert "no ha respondido ninguno en esta red" in " ".join(ran.stderr.split())


def test_a_script_gets_the_same_code_as_for_any_silence(alone):
    ran = alone("register", "ana", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["code"]) == (3, "unreachable")


def test_who_names_a_server_waits_for_nobody_else(alone):
    ran = alone("login", "ana", "--server", "http://127.0.0.1:1", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["code"]) == (3, "unreachable")
    assert "network" not in json.loads(ran.stdout)["error"]


@pytest.mark.parametrize("language, said", [("C.UTF-8", "on the local network"), ("es_ES.UTF-8", "en la red local")])
def test_a_machine_that_finds_nobody_near_says_how_to_join_by_an_address(alone, tmp_path, language, said):
    with Machine(tmp_path / "first") as first:
        made = subprocess.run([binary(), "token", "--data", first.data, "--json"], capture_output=True, text=True, timeout=60)
        token = json.loads(made.stdout)["token"]
        ran = alone(
            "join", "--token", token, "--data", str(tmp_path / "second"), "--http", "0.0.0.0:0", "--peer", "0.0.0.0:0", language=language
        )
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert said in ran.stderr and "tertulia join HOST" in ran.stderr and "panicked" not in ran.stderr
