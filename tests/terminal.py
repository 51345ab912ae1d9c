"""A terminal that a test types into and reads: a pseudo-terminal with a screen behind it.

A test waits for what a person would see, on the screen and not in the stream of bytes; each wait has a limit.
"""

import os
import re
import signal

import pexpect
import pyte

from machine import WAIT_S_MAX, until


# What moves the cursor, colours the text or sets the title.
CONTROL = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\\\)|[()][A-Z0-9]|[=>78DEHMc])|[\x00-\x08\x0e-\x1f]")


def words(text):
    """The text without line breaks: where a line is broken is for the width of the terminal to say."""
    return " ".join(text.split())


class Terminal:
    """A program in a terminal of 80 columns and 24 lines."""

    def __init__(self, command, env=None, cwd=None, columns=80, lines=24):
        self.screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        self.screen.write_process_input = lambda data: self.child.send(data)
        self.child = pexpect.spawn(
            str(command[0]),
            [str(part) for part in command[1:]],
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines), **(env or {})},
            cwd=cwd,
            dimensions=(lines, columns),
            timeout=WAIT_S_MAX,
        )
        # What the program has written since the person last typed.
        self.since = b""

    def read(self):
        """Takes in what the program has written so far; false when it has closed the terminal."""
        try:
            piece = self.child.read_nonblocking(65536, timeout=0.05)
            self.since += piece
            self.stream.feed(piece)
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            return False
        return True

    def rows(self):
        return [row.rstrip() for row in self.screen.display]

    def text(self):
        """All that the person has seen, what has scrolled away too."""
        above = ["".join(row[x].data for x in range(self.screen.columns)) for row in self.screen.history.top]
        return "\n".join(row.rstrip() for row in [*above, *self.screen.display]).rstrip()

    def written(self):
        """What has been written since the person last typed, as text."""
        return CONTROL.sub("", self.since.decode(errors="replace"))

    def see(self, wanted):
        """Waits until the program has written this since the person last typed."""
        self.wait(lambda: words(wanted) in words(self.written()), wanted)

    def shows(self, wanted):
        """Waits until this stands on the screen."""
        self.wait(lambda: words(wanted) in words("\n".join(self.rows())), wanted)

    def wait(self, seen, wanted):
        def look():
            still_open = self.read()
            if seen():
                return True
            assert still_open, f"the program has ended without {wanted!r}; the screen:\n{self.text()}"
            return False

        try:
            until(look, f"the terminal shows {wanted!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; the screen:\n{self.text()}") from None

    def type(self, text):
        """Types the text and Enter."""
        self.press(text + "\r")

    def press(self, keys):
        self.since = b""
        self.child.send(keys)

    def end(self):
        """Waits until the program has ended by itself; its exit status."""
        until(lambda: not self.read(), "the program ends")
        self.child.wait()
        return self.child.exitstatus

    def close(self):
        self.child.close(force=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
        self.close()
