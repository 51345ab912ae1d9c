"""Each thing that the tests install has one exact version."""

import json
import re
from pathlib import Path


def test_every_requirement_is_pinned():
    lines = Path(__file__).with_name("requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if "==" not in line] == []


def test_every_module_for_node_is_pinned_and_comes_from_whatever_registry_npm_asks():
    place = Path(__file__).parent.parent / "web"
    package = json.loads((place / "package.json").read_text())
    wanted = package.get("dependencies", {}) | package.get("devDependencies", {})
    assert wanted and all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values()), wanted
    modules = json.loads((place / "package-lock.json").read_text())["packages"]
    of_registry = {name: module for name, module in modules.items() if name and not module.get("inBundle")}
    assert {name for name, module in of_registry.items() if "integrity" not in module} == set()
    assert {name for name, module in modules.items() if "resolved" in module} == set()
