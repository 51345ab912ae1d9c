"""One machine behind a recording proxy for all apps of a worker; at the end, judgement on the calls they made, and the list of them."""

from collections import Counter

import pytest

from allowed import MAY_BE_ABSENT
from machine import Machine
from proxy import Recorder

CALLS = pytest.StashKey[list]()


@pytest.fixture(scope="session")
def recorder(request, tmp_path_factory):
    """The machine's face for the apps: every call goes through here."""
    with Machine(tmp_path_factory.mktemp("ring") / "machine") as machine:
        recorder = Recorder(machine.host)
        request.config.stash[CALLS] = recorder.calls
        yield recorder
        recorder.close()
    judge(recorder.calls)


def judge(calls):
    """There was no call that the machine does not know, and none that made it stumble."""
    unknown = {
        (call.method, call.path, call.status)
        for call in calls
        if call.status in (404, 501) and (call.method, call.path) not in MAY_BE_ABSENT
    }
    assert calls, "no app has made a call"
    assert unknown == set()
    assert [call for call in calls if call.status >= 500] == []


@pytest.fixture(scope="session")
def url(recorder):
    return recorder.url


def pytest_terminal_summary(terminalreporter, config):
    calls = config.stash.get(CALLS, None)
    if not calls:
        return
    terminalreporter.section("calls of the apps")
    for call, count in sorted(Counter(calls).items()):
        reason = MAY_BE_ABSENT.get((call.method, call.path)) if call.status in (404, 501) else None
        terminalreporter.write_line(
            f"{count:5}  {call.status}  {call.method:6} {call.path:58} {call.app}" + (f"  ({reason})" if reason else "")
        )
