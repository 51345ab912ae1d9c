"""Conversations between `crates/crypto` and another implementation: ts-mls, under Node.

Both sides are programs that take the same orders, one JSON object on each line (`crates/crypto/examples/member.rs`,
`tests/interop/member.mjs`); the tests pass between them what homes would. docs/messages.md says what both keep to.
"""

import json
import queue
import random
import secrets
import shutil
import subprocess
import threading
import time
from itertools import cycle

import pytest

from machine import ROOT, WAIT_S_MAX, binary

OURS, THEIRS = "ours", "theirs"
NODE_MAJOR_MIN = 20
ROOM = "c0" + 15 * "07"
DAY_S = 24 * 60 * 60
# What ts-mls says of whomever the chains do not name.
NOT_BELIEVED = "Could not validate credential"

both_ways = pytest.mark.parametrize("one, other", [(OURS, THEIRS), (THEIRS, OURS)], ids=lambda kind: kind)


@pytest.fixture(scope="session")
def commands():
    ours = binary().parent / "examples" / "member"
    assert ours.exists(), f"{ours} is missing: build it (make script-tests does)"
    node = shutil.which("node")
    assert node, f"node is missing: install Node {NODE_MAJOR_MIN} or newer with npm (Debian: apt-get install nodejs npm)"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=WAIT_S_MAX).stdout.strip()
    assert int(version.removeprefix("v").split(".")[0]) >= NODE_MAJOR_MIN, f"node is {version}: {NODE_MAJOR_MIN} is wanted"
    theirs = ROOT / "web" / "node_modules" / "ts-mls"
    assert theirs.exists(), f"{theirs} is missing: install the modules (make script-tests does)"
    return {OURS: [ours], THEIRS: [node, ROOT / "tests" / "interop" / "member.mjs"]}


@pytest.fixture
def circle(commands, tmp_path):
    circle = Circle(commands, tmp_path)
    yield circle
    circle.end()


class Circle:
    """Devices, each of a person of its own, of which all that are in it know."""

    def __init__(self, commands, place):
        self.commands, self.place, self.members = commands, place, []

    def device(self, kind, is_known=True, **words):
        number = len(self.members) + 1
        member = Member(self.commands[kind], self.place / f"{number}-{kind}.log", str(number << 16))
        self.members.append(member)
        member.begin(**words)
        for known in filter(lambda known: known.is_known, self.members):
            member.believe(known)
        member.is_known = is_known
        if is_known:
            for knowing in self.members:
                knowing.believe(member)
        return member

    def pair(self, one, other):
        """Two devices in one group, which the first has begun."""
        host, guest = self.device(one), self.device(other)
        host.create()
        let_in(host, guest)
        return host, guest

    def end(self):
        for member in self.members:
            member.end()


class Member:
    """One device, and the program that is it."""

    def __init__(self, command, log, account):
        self.log, self.account, self.is_known = log, account, False
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def ask(self, order, **words):
        try:
            print(json.dumps({"do": order, **words}), file=self.process.stdin, flush=True)
            answer = self.answers.get(timeout=WAIT_S_MAX)
        except (OSError, queue.Empty):
            answer = None
        assert answer, f"no answer to {order}; it said:\n{self.log.read_text(errors='replace')}"
        return json.loads(answer)

    def do(self, order, **words):
        answer = self.ask(order, **words)
        assert "refused" not in answer, f"{order}: {answer['refused']}\n{answer.get('stack', '')}"
        return answer

    def refusal(self, order, **words):
        answer = self.ask(order, **words)
        assert "refused" in answer, answer
        return answer["refused"]

    def begin(self, **words):
        begun = self.do("begin", account=self.account, **words)
        self.device, self.key = begun["device"], begun["key"]
        self.name = [self.account, self.device]

    def believe(self, other):
        self.do("believe", account=other.account, device=other.device, key=other.key)

    def doubt(self, other):
        self.do("doubt", account=other.account, device=other.device)

    def package(self, is_last_resort=False, **words):
        made = self.do("package", now_ms=now_ms(), is_last_resort=is_last_resort, **words)
        return {"account": self.account, "package": made["package"]}

    def create(self):
        self.do("create", conversation=ROOM, generation=1, now_ms=now_ms())

    def joining(self, welcome, generation=1):
        return {"welcome": welcome, "conversation": ROOM, "generation": generation}

    def changing(self, add=(), remove=()):
        return {"add": list(add), "remove": [member.device for member in remove], "now_ms": now_ms()}

    def change(self, add=(), remove=()):
        return self.do("change", **self.changing(add, remove))

    def seal(self, content):
        payload = {"id": secrets.token_hex(16), "sent_ms": now_ms(), "content": content}
        return payload, self.do("seal", payload=payload)["sealed"]

    def say(self, words):
        return self.seal(text(words))[1]

    def open(self, sealed):
        return self.do("open", bytes=sealed)

    def read(self, sealed):
        opened = self.open(sealed)
        assert opened["opened"] == "message", opened
        return opened["payload"]["content"]["text"]

    def follow(self, commit):
        opened = self.open(commit)
        assert opened["opened"] == "changed", opened
        return opened

    def state(self):
        return self.do("state")

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(WAIT_S_MAX)
        finally:
            self.process.kill()
            self.process.wait()


def now_ms():
    return int(time.time() * 1_000)


def text(words):
    return {"type": "text", "text": words}


def commit(by, others, add=(), remove=()):
    """A change that the home takes at once, and that these follow."""
    change = by.change(add, remove)
    by.do("accepted")
    for other in others:
        other.follow(change["commit"])
    return change


def let_in(host, guest, others=(), package=None):
    change = commit(host, others, add=[package or guest.package()])
    joined = guest.do("join", **guest.joining(change["welcome"]))
    assert joined["by"] == host.name
    return change


def know_the_same(*members):
    states = [member.state() for member in members]
    assert all(state == states[0] for state in states), states
    assert states[0]["members"] == sorted((member.name for member in members), key=lambda name: (int(name[0]), name[1]))


def hear_each_other(*members):
    for speaker in members:
        words = f"{speaker.account} speaks"
        sealed = speaker.say(words)
        assert [listener.read(sealed) for listener in members if listener is not speaker] == [words] * (len(members) - 1)


@both_ways
def test_either_begins_a_group_and_lets_the_other_in(circle, one, other):
    host, guest = circle.pair(one, other)
    know_the_same(host, guest)
    assert guest.state()["epoch"] == {"generation": 1, "number": 1}
    hear_each_other(host, guest)


@both_ways
def test_whatever_one_says_the_other_reads_to_the_letter(circle, one, other):
    speaker, listener = circle.pair(one, other)
    ids = [secrets.token_hex(16) for _ in range(200)]
    for content in [
        text('Lemon? "Sí", she said.\n\tñ \u2028 \U0001f370 \u0000'),
        {**text("An answer"), "reply_to": ids[0]},
        text("ñ" * 10_000),
        {"type": "receipt", "kind": "delivered", "of": ids},
        {"type": "typing"},
        {"type": "room_name", "name": "Tertulia"},
        {"type": "contacts", "contacts": [{"account": "9223372036854775807", "identity": 32 * "0f", "is_verified": True}]},
    ]:
        payload, sealed = speaker.seal(content)
        opened = listener.open(sealed)
        assert opened["payload"] == payload
        assert opened["by"] == speaker.name
        assert opened["epoch"] == {"generation": 1, "number": 1}
        assert opened["payload_bytes"] in (256, 1_024, 4_096) or opened["payload_bytes"] % 16_384 == 0


def test_the_length_of_what_is_sealed_tells_neither_the_words_nor_the_program(circle):
    ours, theirs = circle.pair(OURS, THEIRS)
    for lengths in [(1, 90), (300, 700), (3_000, 3_500), (9_000, 9_999)]:
        sealed = [len(member.say("a" * length)) for member in (ours, theirs) for length in lengths]
        assert len(set(sealed)) == 1, sealed


def test_half_a_character_does_not_make_a_message_unreadable(circle):
    theirs, ours = circle.pair(THEIRS, OURS)
    assert ours.read(theirs.say("a\ud83c")) == "a\ufffd"


def test_what_only_a_newer_program_says_is_told_as_unknown(circle):
    theirs, ours = circle.pair(THEIRS, OURS)
    _, sealed = theirs.seal({"type": "poll", "options": ["lemon", "chocolate"]})
    assert ours.open(sealed)["payload"]["content"] == {"type": "unknown"}


@both_ways
def test_messages_come_in_any_order_and_count_once(circle, one, other):
    speaker, listener = circle.pair(one, other)
    said = {str(number): speaker.say(str(number)) for number in range(9)}
    order = random.Random(7).sample(sorted(said), len(said))
    assert [listener.read(said[words]) for words in order] == order
    assert {listener.open(sealed)["opened"] for sealed in said.values()} == {"repeat"}
    assert {speaker.open(sealed)["opened"] for sealed in said.values()} == {"own"}


@both_ways
def test_hundreds_of_messages_may_be_missing(circle, one, other):
    speaker, listener = circle.pair(one, other)
    for _ in range(300):
        last = speaker.say("lost, but for the last")
    listener.read(last)


@both_ways
def test_what_was_on_its_way_when_a_commit_overtook_it_is_read(circle, one, other):
    speaker, listener = circle.pair(one, other)
    late = [speaker.say("on its way")]
    for _ in range(4):
        commit(listener, [speaker])
        late.append(speaker.say("on its way"))
    assert {listener.read(sealed) for sealed in late} == {"on its way"}
    assert {listener.open(sealed)["opened"] for sealed in late} == {"repeat"}
    too_late = speaker.say("too late")
    for _ in range(5):
        commit(listener, [speaker])
    assert listener.open(too_late)["opened"] == "too_late"


@both_ways
def test_what_comes_before_its_commit_is_told_to_be_early(circle, one, other):
    speaker, listener = circle.pair(one, other)
    change = commit(speaker, [])
    early = speaker.say("of the next epoch")
    assert listener.open(early)["opened"] == "too_early"
    listener.follow(change["commit"])
    assert listener.read(early) == "of the next epoch"
    assert listener.open(change["commit"])["opened"] == "too_late"


@both_ways
def test_bytes_changed_on_the_way_are_refused_and_the_true_copy_opens(circle, one, other):
    speaker, listener = circle.pair(one, other)
    for sealed, opened in [(speaker.say("true"), "message"), (speaker.change()["commit"], "changed")]:
        false = sealed[:-1] + ("0" if sealed[-1] != "0" else "1")
        listener.refusal("open", bytes=false)
        listener.refusal("open", bytes=sealed + "00")
        assert listener.open(sealed)["opened"] == opened


@both_ways
def test_a_device_removed_knows_it_and_reads_nothing_more(circle, one, other):
    host, guest = circle.pair(one, other)
    for kind in (one, other):
        let_in(host, third := circle.device(kind), [guest])
        change = commit(host, [guest], remove=[third])
        opened = third.follow(change["commit"])
        assert opened["is_own_removal"] and opened["removed"] == [third.name] and opened["by"] == host.name
        assert not third.state()["is_in"]
        know_the_same(host, guest)
        assert "not in the group any more" in third.refusal("open", bytes=host.say("without the third"))
        assert "not in the group any more" in third.refusal("change", **third.changing())


@both_ways
def test_a_device_removed_comes_back_with_a_fresh_package(circle, one, other):
    host, guest = circle.pair(one, other)
    sealed_before = host.say("before")
    change = commit(host, [guest], remove=[guest])
    meanwhile = host.say("meanwhile")
    guest.do("forget")
    let_in(host, guest)
    know_the_same(host, guest)
    hear_each_other(host, guest)
    for missed in (sealed_before, meanwhile, change["commit"]):
        assert guest.ask("open", bytes=missed).get("opened") != "message"


@both_ways
def test_a_device_is_removed_and_let_in_again_by_one_commit(circle, one, other):
    host, guest = circle.pair(one, other)
    let_in(host, third := circle.device(one), [guest])
    change = commit(host, [third], add=[guest.package()], remove=[guest])
    assert guest.follow(change["commit"])["is_own_removal"]
    guest.do("forget")
    guest.do("join", **guest.joining(change["welcome"]))
    know_the_same(host, guest, third)
    hear_each_other(host, guest, third)


@both_ways
def test_a_package_serves_once_and_one_of_last_resort_again(circle, one, other):
    host, guest = circle.pair(one, other)
    packages = [guest.package(is_last_resort) for is_last_resort in (False, True, True)]
    packages[2] = packages[1]
    for package in packages:
        commit(host, [guest], remove=[guest])
        guest.do("forget")
        let_in(host, guest, package=package)
        know_the_same(host, guest)
        hear_each_other(host, guest)
    commit(host, [guest], remove=[guest])
    guest.do("forget")
    welcome = commit(host, [], add=[packages[0]])["welcome"]
    assert "no package of this device" in guest.refusal("join", **guest.joining(welcome))


@both_ways
def test_of_two_commits_at_once_one_wins_and_the_loser_follows_it(circle, one, other):
    winner, loser = circle.pair(one, other)
    newcomer = circle.device(one)
    package = newcomer.package()
    won, lost = winner.change(), loser.change(add=[package])
    assert won["epoch_before"] == lost["epoch_before"]
    winner.do("accepted")
    loser.do("rejected")
    loser.follow(won["commit"])
    assert winner.open(lost["commit"])["opened"] == "too_late"
    know_the_same(winner, loser)
    # It is still wanted, and made anew.
    let_in(loser, newcomer, [winner], package)
    know_the_same(winner, loser, newcomer)
    hear_each_other(winner, loser, newcomer)


@both_ways
def test_while_a_change_waits_messages_pass_and_none_counts_twice(circle, one, other):
    changing, waiting = circle.pair(one, other)
    change = changing.change()
    assert "another change" in changing.refusal("change", **changing.changing())
    to, fro = waiting.say("to"), changing.say("fro")
    assert (changing.read(to), waiting.read(fro)) == ("to", "fro")
    changing.do("accepted")
    waiting.follow(change["commit"])
    assert (changing.open(to)["opened"], waiting.open(fro)["opened"]) == ("repeat", "repeat")
    know_the_same(changing, waiting)
    hear_each_other(changing, waiting)


def test_many_devices_of_both_change_a_group_in_turn(circle):
    kinds = cycle([OURS, THEIRS, THEIRS, OURS])
    members = [circle.device(next(kinds))]
    members[0].create()
    # Each lets in the next; then each changes its keys, as everybody does now and then.
    while len(members) < 7:
        let_in(members[-1], newcomer := circle.device(next(kinds)), members[:-1])
        members.append(newcomer)
    for by in members:
        commit(by, [other for other in members if other is not by])
    know_the_same(*members)
    # The newcomer's leaf is unmerged at the parent that the devices beside it have made, and not at the root, which is new.
    let_in(members[0], newcomer := circle.device(THEIRS), members[1:])
    members.append(newcomer)
    know_the_same(*members)
    # Then some go and others come, by one commit.
    for leaving in (5, 2, 3):
        gone = members.pop(leaving)
        newcomer, by = circle.device(next(kinds)), members[leaving % len(members)]
        staying = [member for member in members if member is not by]
        change = commit(by, staying, add=[newcomer.package()], remove=[gone])
        assert newcomer.do("join", **newcomer.joining(change["welcome"]))["by"] == by.name
        members.append(newcomer)
        know_the_same(*members)
    hear_each_other(*members)


@both_ways
def test_a_welcome_leads_into_its_own_group_only(circle, one, other):
    host, guest = circle.device(one), circle.device(other)
    host.create()
    welcome = commit(host, [], add=[guest.package()])["welcome"]
    assert "another group" in guest.refusal("join", **guest.joining(welcome, generation=2))


@pytest.mark.parametrize("kind", [OURS, THEIRS])
def test_a_device_is_let_in_under_its_own_name_only(circle, kind):
    host, liar = circle.device(kind), circle.device(THEIRS)
    account, device = liar.name
    unnamed, not_its_owners = "name does not fit its key", "no device that the account"
    for name, why in [
        (f"0{account}/{device}", unnamed),
        (f"+{account}/{device}", unnamed),
        (f"{account}/{device.upper()}", unnamed),
        (f"{account}/{device}/", unnamed),
        (f"{account}/{host.device}", unnamed),
        (f"{host.account}/{host.device}", unnamed),
        (f"{host.account}/{device}", not_its_owners),
        (account, unnamed),
        (f"/{device}", unnamed),
        ("", unnamed),
    ]:
        liar.do("call_yourself", credential=name)
        host.create()
        refusal = host.refusal("change", **host.changing(add=[liar.package()]))
        assert "no living device of the account" in refusal, (name, refusal)
        host.do("forget")
        # Nor is anybody joined who has such a name.
        liar.create()
        welcome = commit(liar, [], add=[host.package()])["welcome"]
        refusal = host.refusal("join", **host.joining(welcome))
        assert (why if kind == OURS else NOT_BELIEVED) in refusal, (name, refusal)
    liar.do("call_yourself", credential=f"{account}/{device}")
    host.create()
    let_in(host, liar)
    know_the_same(host, liar)


@both_ways
def test_a_device_that_its_owner_does_not_name_is_let_in_by_nobody(circle, one, other):
    host, guest = circle.pair(one, other)
    stranger = circle.device(one, is_known=False)
    package = stranger.package()
    assert "no living device" in guest.refusal("change", **guest.changing(add=[package]))
    # One has been told of it; the other has not, and does not follow.
    host.believe(stranger)
    letting_in = host.change(add=[package])["commit"]
    refusal = guest.refusal("open", bytes=letting_in)
    assert "no device that the account" in refusal or NOT_BELIEVED in refusal


@both_ways
def test_a_device_that_has_been_revoked_is_not_heard(circle, one, other):
    speaker, listener = circle.pair(one, other)
    listener.doubt(speaker)
    assert "no living device" in listener.refusal("open", bytes=speaker.say("hola"))


@both_ways
def test_who_was_away_while_a_device_was_let_in_and_revoked_follows_what_was_done(circle, one, other):
    host, away = circle.pair(one, other)
    phone = circle.device(other)
    letting_in = let_in(host, phone)["commit"]
    from_phone = phone.say("from the phone")
    by_phone = commit(phone, [host])["commit"]
    shutting_out = commit(host, [], remove=[phone])["commit"]
    after = host.say("among us")
    away.doubt(phone)
    assert away.follow(letting_in)["added"] == [phone.name]
    assert "no living device" in away.refusal("open", bytes=from_phone)
    assert away.follow(by_phone)["by"] == phone.name
    assert away.follow(shutting_out)["removed"] == [phone.name]
    assert away.read(after) == "among us"
    know_the_same(host, away)


@both_ways
def test_who_is_let_in_to_a_revoked_device_comes_and_can_remove_it(circle, one, other):
    host, phone = circle.pair(one, one)
    guest = circle.device(other)
    guest.doubt(phone)
    let_in(host, guest, others=[phone])
    assert "no living device" in guest.refusal("open", bytes=phone.say("still here"))
    commit(guest, [host], remove=[phone])
    know_the_same(host, guest)
    hear_each_other(host, guest)


@both_ways
def test_a_package_is_used_in_its_time_only(circle, one, other):
    host = circle.device(one)
    host.create()
    package = circle.device(other).package()
    for days, is_used in [(-2, False), (51, True), (53, False)]:
        order = {**host.changing(add=[package]), "now_ms": now_ms() + days * DAY_S * 1_000}
        answer = host.ask("change", **order)
        if is_used:
            assert "refused" not in answer, answer
            host.do("rejected")
        else:
            assert "out of its time" in answer["refused"]


@pytest.mark.parametrize("kind", [OURS, THEIRS])
def test_a_package_that_lives_for_ever_is_not_used(circle, kind):
    host, theirs = circle.device(kind), circle.device(THEIRS)
    host.create()
    now_s = now_ms() // 1_000
    # What ts-mls makes unless it is told otherwise; and one that lives a day too long.
    for lifetime_s in [("0", str(2**63 - 1)), (str(now_s - DAY_S), str(now_s + 84 * DAY_S))]:
        package = theirs.package(lifetime_s=lifetime_s)
        assert "out of its time" in host.refusal("change", **host.changing(add=[package]))
