from __future__ import annotations

import pytest

from workflow.config import ConfigError, load

MODES = ["auto", "build", "installed"]


@pytest.mark.parametrize("mode", MODES)
def test_environment_is_one_of_three(mode: str) -> None:
    """The settings of the base say whether an environment is built."""
    found = load(f'[gates.pytest]\nenvironment = "{mode}"', {}, "workflow.toml").gates.pytest
    assert found.environment == mode


def test_other_environment_is_refused() -> None:
    """Another word is an error that names the ones there are."""
    with pytest.raises(ConfigError, match="'auto', 'build' or 'installed'"):
        load('[gates.pytest]\nenvironment = "docker"', {}, "workflow.toml")


def test_wheelhouse_is_no_setting() -> None:
    """A repository cannot name a folder of the machine to be shown; the variable is no setting."""
    with pytest.raises(ConfigError, match="no such setting"):
        load('[gates.pytest]\nwheelhouse = "/root"', {}, "workflow.toml")
    load("", {"WORKFLOW_WHEELHOUSE": "/wheels"}, "workflow.toml")


def test_requirements_are_of_the_repository() -> None:
    """Files are named from the top; a variable of the environment has commas between them."""
    found = load('[gates.pytest]\nrequirements = ["a.txt"]', {}, "workflow.toml")
    assert found.gates.pytest.requirements == ("a.txt",)
    variable = {"WORKFLOW_GATES__PYTEST__REQUIREMENTS": "a.txt,ci/b.txt"}
    assert load("", variable, "x").gates.pytest.requirements == ("a.txt", "ci/b.txt")
    with pytest.raises(ConfigError):
        load('[gates.pytest]\nrequirements = ["/etc/passwd"]', {}, "workflow.toml")
