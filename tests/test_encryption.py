"""A ring that encrypts its data at rest, each machine under a key file of its own: with real machines, killed, and their disks searched."""

import signal

from machine import Machine, free_port, until
from people import Person, register
from test_backup import DONE, REFUSED, answer, run
from test_messages_ring import is_whole

TEXT, NAME = "nobody finds these words", "Nobody Finds Me Either"


def made(file):
    """A key file."""
    said = run("key-file", file)
    assert said.returncode == DONE and "safe place" in said.stdout, said.stdout + said.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    return file


def machine(path, key=None):
    given = {"TERTULIA_KEY_FILE": str(key)} if key else {}
    return Machine(path, TERTULIA_PEER=f"127.0.0.1:{free_port()}", TERTULIA_REPLICAS="3", **given)


def searched(directories, secrets):
    """Which of the secrets are in which files."""
    files = [file for directory in directories for file in directory.rglob("*") if file.is_file()]
    assert any(file.suffix == ".db" for file in files) and any(file.name.endswith("-wal") for file in files)
    assert any(file.parent.name == "log" for file in files)
    return {(secret, file.name) for file in files for secret in secrets if secret.encode() in file.read_bytes()}


def refusal(data, *words, language="C.UTF-8"):
    """What is said by a machine that does not start."""
    refused = run("up", "--data", data, "--http", "127.0.0.1:0", "--peer", "127.0.0.1:0", *words, language=language)
    assert refused.returncode == REFUSED, refused.stdout + refused.stderr
    return refused.stderr


def content(directory):
    return {file: file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def write(person):
    person.done("PATCH", "/api/v1/accounts/update_credentials", {"display_name": NAME})
    return person.dweet(TEXT)["id"]


def test_a_ring_that_encrypts_shows_nothing_on_its_disks_and_lives_as_any_other(tmp_path):
    keys = [made(tmp_path / f"key{n}") for n in range(3)]
    machines = [machine(tmp_path / f"m{n}", key) for n, key in enumerate(keys)]
    restored = machine(tmp_path / "restored", keys[0])
    clear = machine(tmp_path / "clear")
    try:
        first = machines[0].start()
        for newcomer in machines[1:]:
            newcomer.join(first)
        until(lambda: is_whole(first), "each machine votes on everything")
        assert len(first.command("status")["ranges"]) == 3, "ranges were divided"
        person = register(first.url, "hidden")
        dweet = write(person)
        until(lambda: Person(machines[2].url, person.nick, person.token).home(), "it has come to the timeline")
        token = first.command("token")
        secrets = [TEXT, NAME, person.nick, person.token, token["token"], "$argon2", "PRIVATE KEY", "SQLite format"]

        # Whoever has no key is not let in, and one that has none of its own is told what to do.
        without = machine(tmp_path / "without")
        refused = run(
            *("join", *token["contacts"], "--token", token["token"], "--data", without.data),
            *("--http", "127.0.0.1:0", "--peer", "127.0.0.1:0"),
        )
        assert refused.returncode == REFUSED and "--key-file" in refused.stderr, refused.stderr
        # With one, the same directory is good.
        machines.append(machine(without.data, made(tmp_path / "key-of-late")))
        machines[-1].join(first)
        until(lambda: len(first.command("status")["ranges"]) == 4 and is_whole(first), "a fourth machine has its part")

        answer("backup", "--to", tmp_path / "backup", "--data", first.data)
        for each in machines:
            each.kill()
        assert searched([each.data for each in machines], secrets) == set()

        for each in machines:
            each.begin("up", wait=False)
        for each in machines:
            each.wait_for(each.ready)
            found = Person(each.url, person.nick, person.token).done("GET", f"/api/v1/statuses/{dweet}")
            assert TEXT in found["content"] and found["account"]["display_name"] == NAME
        for each in machines:
            each.end(signal.SIGKILL)

        # The ring from its backup encrypts too.
        refused = answer("restore", tmp_path / "backup", "--data", restored.data, status=REFUSED)
        assert refused["code"] == "key_file"
        answer("restore", tmp_path / "backup", "--data", restored.data, "--key-file", keys[0])
        restored.start()
        assert TEXT in Person(restored.url, person.nick, person.token).home()[0]["content"]
        restored.kill()
        assert searched([restored.data], secrets) == set()

        # Who looks does find all that where nothing is encrypted.
        with clear:
            person = register(clear.url, "hidden")
            write(person)
            clear.kill()
        found = {secret for secret, _ in searched([clear.data], [TEXT, NAME, person.nick, "$argon2", "PRIVATE KEY"])}
        assert found == {TEXT, NAME, person.nick, "$argon2", "PRIVATE KEY"}
    finally:
        for each in [*machines, restored, clear]:
            each.end(signal.SIGKILL)


def test_a_machine_without_its_key_or_with_another_says_what_to_do_and_touches_nothing(tmp_path):
    key, other = made(tmp_path / "key"), made(tmp_path / "other")
    assert run("key-file", key).returncode == REFUSED
    sealed, clear = tmp_path / "sealed", tmp_path / "clear"
    with machine(sealed, key) as running:
        assert str(key) in running.welcome()
        running.stop()
    with machine(clear) as running:
        running.stop()
    before = content(sealed), content(clear)
    assert "--key-file" in refusal(sealed)
    assert "otra clave" in refusal(sealed, "--key-file", other, language="es_ES.UTF-8")
    assert "not encrypted" in refusal(clear, "--key-file", key)
    inside = sealed / "key"
    inside.write_bytes(key.read_bytes())
    inside.chmod(0o600)
    assert "data directory" in refusal(sealed, "--key-file", inside)
    inside.unlink()
    other.chmod(0o644)
    assert f"chmod 600 {other}" in refusal(sealed, "--key-file", other)
    other.write_text("no key\n")
    other.chmod(0o600)
    assert "64" in refusal(sealed, "--key-file", other)
    assert "No such file" in refusal(sealed, "--key-file", tmp_path / "none")
    assert (content(sealed), content(clear)) == before
    with machine(sealed, key):
        pass


def test_a_ring_begins_to_encrypt_when_its_backup_is_restored_under_a_key(tmp_path):
    key = made(tmp_path / "key")
    with machine(tmp_path / "clear") as running:
        person = register(running.url, "hidden")
        write(person)
        answer("backup", "--to", tmp_path / "backup", "--data", running.data)
        token = running.command("token")
        # Another machine with a key is no help to it.
        refused = run(
            *("join", *token["contacts"], "--token", token["token"], "--data", tmp_path / "late"),
            *("--http", "127.0.0.1:0", "--peer", "127.0.0.1:0", "--key-file", key),
        )
        assert refused.returncode == REFUSED and "without --key-file" in refused.stderr, refused.stderr
    answer("restore", tmp_path / "backup", "--data", tmp_path / "sealed", "--key-file", key)
    with machine(tmp_path / "sealed", key) as running:
        assert TEXT in Person(running.url, person.nick, person.token).home()[0]["content"]
        Person(running.url, person.nick, person.token).dweet("again")
        running.kill()
        assert searched([running.data], [TEXT, NAME, person.nick, "$argon2", "PRIVATE KEY", "SQLite format"]) == set()
