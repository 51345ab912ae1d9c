"""Each thing that the tests install has one exact version."""

from pathlib import Path


def test_every_requirement_is_pinned():
    lines = Path(__file__).with_name("requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if "==" not in line] == []
