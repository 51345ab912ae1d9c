"""What all tests in Python share: where the modules lie, and that what they drive has been built."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "apps")]

from machine import binary  # noqa: E402


# Wherever a test trusts an authority, it says so itself, and how wide its terminal is.
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "COLUMNS", "LINES"):
    os.environ.pop(variable, None)
# Many machines run on this computer, one after the other or at once: each takes a port for its peers that is free.
os.environ["TERTULIA_PEER"] = "127.0.0.1:0"
# Nothing goes on behind a test's back; the tests of agents ask for one.
os.environ["TERTULIA_AGENT"] = "off"


@pytest.fixture(scope="session", autouse=True)
def built():
    assert binary().exists(), f"{binary()} is missing: build it (make script-tests does), or set TERTULIA_BIN"
