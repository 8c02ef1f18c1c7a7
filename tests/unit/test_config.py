"""Settings are known keys with possible values, or refused by name."""

from __future__ import annotations

import re

import pytest

from workflow import config
from workflow.config import ConfigError, Settings, load

# Pydantic's own words, and Python's.
_JARGON = re.compile("Value error|[Ii]nput |[Tt]uple|[Ss]tring|instance|dictionary|Extra")


def test_nothing_said_is_the_defaults() -> None:
    """An empty file and no variables give what the documentation lists."""
    assert load("", {"PATH": "/bin"}, "workflow.toml") == Settings()
    assert Settings().gates.nginx.binary == ("wheel",)


def test_the_file_and_then_the_environment() -> None:
    """A variable wins over the file, one key at a time."""
    text = 'policy = "p.yaml"\n[gates.nginx]\nbinary = "system"\ntimeout_s = 5\n'
    environ = {"WORKFLOW_GATES__NGINX__BINARY": "/opt/nginx", "WORKFLOW_GATES__PYTEST__PYTHON": "x"}
    settings = load(text, environ, "workflow.toml")
    assert settings.policy == "p.yaml"
    assert settings.gates.nginx.binary == ("/opt/nginx",)
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
        ('[roles.surgeon]\nprovider = "somebody"', "roles.surgeon.provider"),
        ('[roles.surgeon]\nprovider = "openai"', "roles.surgeon.model"),
        ("[roles.surgeon]\nretries = 11", "roles.surgeon.retries"),
        ("[providers.openai]\ninput_usd = 1", "providers.openai.output_usd"),
        ("[providers.nobody]", "providers.nobody"),
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
    assert caught.value.message.startswith(f"workflow.toml: {key}: ")
    assert not _JARGON.search(caught.value.message), caught.value.message


@pytest.mark.parametrize("text", ["policy = ", "[gates", "policy = 'a'\npolicy = 'b'", "\0", "=1"])
def test_what_is_no_toml(text: str) -> None:
    """A file that cannot be read is named with the place of the fault."""
    with pytest.raises(ConfigError, match=r"^workflow\.toml: .*(line|document)") as caught:
        load(text, {}, "workflow.toml")
    assert "commit" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WORKFLOW_POLCY", "x", "there is no such setting; is policy meant"),
        ("WORKFLOW_", "x", "there is no such setting; there are policy, recipes, roles"),
        ("WORKFLOW_GATES", "x", "a section"),
        ("WORKFLOW_GATES__NGINX__TIMEOUT_S", "soon", "a number is expected"),
        ("WORKFLOW_GATES__NGINX__TIMEOUT_S", "601", "a number of 600 or less is expected"),
        ("WORKFLOW_GATES__NGINX__BINARY__X", "x", "a list is expected"),
        ("WORKFLOW_ROLES__SURGEON__PROVIDER", "someone", "it is one of 'offline', 'openai',"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, said: str) -> None:
    """A variable with our prefix is a setting, and a wrong one is not overlooked."""
    with pytest.raises(ConfigError) as caught:
        load("policy = 'p'", {name: value}, "the built-in settings")
    assert caught.value.message.startswith(f"the environment: {name}: {said}")
    assert not _JARGON.search(caught.value.message), caught.value.message


@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        ("WORKFLOW_ROLES__SURGEON__PROVIDER", "openai", "WORKFLOW_ROLES__SURGEON__MODEL"),
        ("WORKFLOW_PROVIDERS__OPENAI__INPUT_USD", "1", "WORKFLOW_PROVIDERS__OPENAI__OUTPUT_USD"),
    ],
)
def test_what_a_variable_needs_beside_it(name: str, value: str, missing: str) -> None:
    """The variable that is missing is told, as it is to be typed."""
    with pytest.raises(ConfigError) as caught:
        load("", {name: value}, "workflow.toml")
    assert f"{missing}: " in caught.value.message
    assert f"export {missing}=…" in caught.value.hint


def test_no_value_is_told() -> None:
    """A secret in the wrong place is not repeated."""
    value = "k" * 30
    for name in ("WORKFLOW_OPENAI_KEY", "WORKFLOW_GATES", "WORKFLOW_ROLES__SURGEON__PROVIDER"):
        with pytest.raises(ConfigError) as caught:
            load("", {name: value}, "workflow.toml")
        assert value not in f"{caught.value.message} {caught.value.hint}"


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


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("compatible", "base_url", "https://models.example.test/v1"),
        ("compatible", "base_url", "http://127.0.0.1.example.test/v1"),
        ("compatible", "base_url", "http://127.0.0.1@models.example.test/v1"),
        ("openai", "base_url", "https://api.openai.com.example.test/v1"),
        ("openai", "base_url", "https://api.anthropic.com"),
        ("openai", "base_url", "http://127.0.0.1:8080/v1"),
        ("anthropic", "ca_file", "/etc/ssl/other.pem"),
    ],
)
def test_no_repository_says_who_gets_a_key(name: str, key: str, value: str) -> None:
    """A foreign address, or a certificate for one, counts in the environment only."""
    variable = f"WORKFLOW_PROVIDERS__{name.upper()}__{key.upper()}"
    with pytest.raises(ConfigError, match="in the environment only") as caught:
        load(f'[providers.{name}]\n{key} = "{value}"', {}, "workflow.toml")
    assert variable in caught.value.hint
    settings = load("", {variable: value}, "workflow.toml")
    assert getattr(getattr(settings.providers, name), key) == value


@pytest.mark.parametrize(
    "value", ["http://127.0.0.1:11434/v1", "http://[::1]:8080/v1", "http://localhost:1/v1"]
)
def test_a_server_on_this_machine_may_be_named_by_anyone(value: str) -> None:
    """Nothing leaves the machine for it, and no vendor's key is sent there."""
    settings = load(f'[providers.compatible]\nbase_url = "{value}"', {}, "workflow.toml")
    assert settings.providers.compatible.base_url == value
