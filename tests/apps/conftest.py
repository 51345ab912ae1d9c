"""One machine behind a recording proxy for all apps; at the end, the list of the calls they made."""

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


@pytest.fixture(scope="session")
def url(recorder):
    return recorder.url


def pytest_collection_modifyitems(items):
    """The judgement on all calls comes last."""
    items.sort(key=lambda item: item.name == "test_no_call_was_left_without_an_answer")


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
