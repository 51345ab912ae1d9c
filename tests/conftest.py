"""What all tests in Python share: where the modules lie, and that what they drive has been built."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "apps")]

from machine import binary  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def built():
    assert binary().exists(), f"{binary()} is missing: build it (make script-tests does), or set TERTULIA_BIN"
