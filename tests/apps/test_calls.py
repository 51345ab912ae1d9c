"""After all apps have run: was there a call that the machine does not know?"""

from allowed import MAY_BE_ABSENT


def test_no_call_was_left_without_an_answer(recorder):
    assert recorder.calls, "no app has made a call"
    unknown = {
        (call.method, call.path, call.status)
        for call in recorder.calls
        if call.status in (404, 501) and (call.method, call.path) not in MAY_BE_ABSENT
    }
    assert unknown == set()


def test_no_call_made_the_machine_stumble(recorder):
    assert [call for call in recorder.calls if call.status >= 500] == []
