"""Adding a source to a Content-Security-Policy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import NothingToDoError, NotUnderstoodError
from workflow.providers.offline.csp import add_source, parse_policy

REQUEST = "add https://new.io to connect-src"
SERVER = "server {{\n    listen 80;\n    add_header {name} {value} always;\n}}\n"
POLICIES = [
    (
        "default-src 'self'; connect-src 'self'",
        "connect-src 'self'",
        "connect-src 'self' https://new.io",
    ),
    ("connect-src 'none'; default-src 'self'", "connect-src 'none'", "connect-src https://new.io"),
    (
        "default-src 'self' https://a.io",
        "default-src 'self' https://a.io",
        "default-src 'self' https://a.io; connect-src 'self' https://a.io https://new.io",
    ),
    ("default-src 'none';", "'none';", "'none'; connect-src https://new.io;"),
    ("Connect-Src  'self' ; img-src *", "'self' ;", "'self' https://new.io ;"),
]


@pytest.mark.parametrize("name", ["Content-Security-Policy", "Content-Security-Policy-Report-Only"])
@pytest.mark.parametrize(("policy", "old", "new"), POLICIES)
def test_changes_only_what_it_must(
    surgeon: Any, name: str, policy: str, old: str, new: str
) -> None:
    """The source joins its directive, or a new one that keeps the fallback's sources."""
    surgeon.check(REQUEST, SERVER.format(name=name, value=f'"{policy}"'), (old, new))


def test_multi_line_policy(surgeon: Any) -> None:
    """A policy over several lines keeps its layout."""
    value = "\"\n        default-src 'self';\n        img-src *;\n    \""
    text = SERVER.format(name="Content-Security-Policy", value=value)
    old = "        img-src *;\n"
    surgeon.check(REQUEST, text, (old, old + "        connect-src 'self' https://new.io;\n"))


def test_every_effective_policy_is_changed(surgeon: Any) -> None:
    """The server's policy and the override of a location both get the source."""
    text = """\
server {
    listen 80;
    add_header Content-Security-Policy "connect-src a.io";
    location / {
        add_header Content-Security-Policy 'connect-src \\'self\\' b.io';
    }
}
"""
    surgeon.check(REQUEST, text, ("a.io", "a.io https://new.io"), ("b.io", "b.io https://new.io"))


def test_policy_in_a_variable(surgeon: Any) -> None:
    """A policy that `set` puts into a variable is changed where it stands."""
    text = """\
server {
    listen 80;
    set $policy "default-src 'self'; connect-src 'self'";
    add_header Content-Security-Policy $policy always;
}
"""
    surgeon.check(REQUEST, text, ("connect-src 'self'", "connect-src 'self' https://new.io"))


def test_policies_in_a_map(surgeon: Any) -> None:
    """Each value of a map is a policy of its own."""
    text = """\
map $uri $csp {
    default "connect-src a.io";
    ~^/b    "connect-src b.io";
}
server {
    listen 80;
    add_header Content-Security-Policy $csp always;
}
"""
    surgeon.check(REQUEST, text, ("a.io", "a.io https://new.io"), ("b.io", "b.io https://new.io"))


@pytest.mark.parametrize(
    "policy",
    [
        "connect-src https://new.io",
        "connect-src *",
        "connect-src https:",
        "connect-src https://NEW.io/",
        "default-src https:",
        "img-src 'self'",
    ],
)
def test_nothing_blocked_is_nothing_to_do(surgeon: Any, policy: str) -> None:
    """A policy that already lets the source in is left alone; adding would only restrict."""
    text = SERVER.format(name="Content-Security-Policy", value=f'"{policy}"')
    with pytest.raises(NothingToDoError):
        surgeon.draft(REQUEST, {"a.conf": text})


def test_no_policy_at_all(surgeon: Any) -> None:
    """Without a policy nothing is blocked, and a new one would block much."""
    with pytest.raises(NothingToDoError, match="sends no Content-Security-Policy"):
        surgeon.draft(REQUEST, {"a.conf": "server { listen 80; }\n"})


def test_unknown_variable_is_refused(surgeon: Any) -> None:
    """A policy from a variable that no file sets is refused by name."""
    text = SERVER.format(name="Content-Security-Policy", value="$csp")
    with pytest.raises(NotUnderstoodError, match=r"line 3 takes its policy from \$csp"):
        surgeon.draft(REQUEST, {"a.conf": text})


def test_combined_request_notes_what_is_already_so(surgeon: Any) -> None:
    """Where a part is already so, the rest is done and the part is noted."""
    text = SERVER.format(name="Content-Security-Policy", value='"default-src https:"')
    draft = surgeon.draft("allow https://new.io in CORS and CSP", {"a.conf": text})
    assert any("already so: default-src allows" in note for note in draft.notes)
    assert "map $http_origin" in draft.text


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["default-src", "connect-src", "img-src", "font-src"]),
            st.lists(st.sampled_from(["'self'", "'none'", "a.io", "data:"]), max_size=3),
        ),
        max_size=4,
        unique_by=lambda item: item[0],
    ),
    st.sampled_from([";", " ; ", ";\n  "]),
)
def test_only_one_directive_ever_changes(parts: list[tuple[str, list[str]]], glue: str) -> None:
    """Whatever the policy, all other directives stay as they were."""
    text = glue.join(" ".join((name, *sources)) for name, sources in parts)
    found, _ = add_source(text, "connect-src", "https://new.io")
    result = text if found is None else text[: found[0]] + found[2] + text[found[1] :]
    before = {item.name: item.sources for item in parse_policy(text)}
    after = {item.name: item.sources for item in parse_policy(result)}
    assert {k: v for k, v in after.items() if k != "connect-src"} == {
        k: v for k, v in before.items() if k != "connect-src"
    }
    assert found is None or after["connect-src"][-1] == "https://new.io"
