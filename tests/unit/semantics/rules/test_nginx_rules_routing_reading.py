"""How the routing rules read names, patterns, variables and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules.known import variables_of
from workflow.semantics.nginx.rules.near import Names
from workflow.semantics.nginx.rules.proxying import target
from workflow.semantics.nginx.rules.routes import (
    Head,
    Matcher,
    has_choice,
    head,
    is_template,
    matcher,
    variables,
    with_value,
)

NAMES = st.text(alphabet="abcxyz_", min_size=5, max_size=12)


@given(NAMES, st.data())
def test_a_name_one_edit_away_is_found(name: str, data: st.DataObject) -> None:
    """A letter too few, too many, changed or swapped leads to the name, and itself does not."""
    at = data.draw(st.integers(0, len(name) - 2))
    edit = data.draw(st.sampled_from(["drop", "add", "change", "swap"]))
    wrong = {
        "drop": name[:at] + name[at + 1 :],
        "add": f"{name[:at]}q{name[at:]}",
        "change": f"{name[:at]}q{name[at + 1 :]}",
        "swap": name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    }[edit]
    assert Names([name]).near(wrong) == ("" if wrong == name else name)


@pytest.mark.parametrize(("one", "other"), [("abc", "abd"), ("backend", "bakcedn"), ("a" * 90, "")])
def test_short_long_and_far_names_are_not_near(one: str, other: str) -> None:
    """Names of three letters, very long ones, and those two edits away say nothing."""
    assert Names([one]).near(other or f"{one[:-1]}b") == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("location /a", Matcher("", "/a")),
        ("location =/a", Matcher("=", "/a")),
        ("location ^~/a", Matcher("^~", "/a")),
        (r"location ~\.php$", Matcher("~", r"\.php$")),
        ("location ~*x", Matcher("~*", "x")),
        ("location ~ x", Matcher("~", "x")),
        ("location @a", Matcher("@", "@a")),
    ],
)
def test_a_location_is_read_with_its_modifier(text: str, found: Matcher) -> None:
    """A modifier may be glued to the text, as nginx allows."""
    config = load(Texts({"a": f"{text} {{ }}"}), "a", "server")
    (location,) = config.blocks("location")
    if location.directive is None:  # the wrapper's own
        pytest.fail("a server part has no location around it")
    assert matcher(location) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("^/a/b", Head("/a/b", "")),
        (r"^/a\.b(.*)$", Head("/a.b", "(.*)$")),
        ("^/ab?", Head("/a", "b?")),
        ("^/ab*c", Head("/a", "b*c")),
        ("^/ab+", Head("/ab", "+")),
        (r"^/a\d", Head("/a", r"\d")),
        ("^/a|b", None),
        ("^/(a|b)", Head("/", "(a|b)")),
        ("/a", None),
    ],
)
def test_the_head_of_a_pattern_is_what_every_match_begins_with(
    pattern: str, found: Head | None
) -> None:
    """A letter that may be missing does not belong to it, nor does one branch of several."""
    assert head(pattern) == found


@pytest.mark.parametrize(
    ("pattern", "choice"), [("a|b", True), ("(a|b)", False), ("[|]", False), (r"a\|b", False)]
)
def test_only_a_bar_outside_of_groups_is_a_choice(pattern: str, choice: bool) -> None:  # noqa: FBT001 - a parameter of cases
    """Groups, classes and escapes hide a bar."""
    assert has_choice(pattern) is choice


@given(st.text(max_size=60))
def test_any_text_is_read_as_a_pattern_and_a_value(text: str) -> None:
    """Reading never fails, and a head is a text that stands in the pattern."""
    found = head(text)
    assert found is None or len(found.text) <= len(text)
    has_choice(text)
    is_template(text)
    assert all(name in text for name in variables(text))


def test_a_variable_is_replaced_by_its_whole_name() -> None:
    """`$a` is not the beginning of `$ab`."""
    assert with_value("$a/$ab/${a}b", "a", "x") == "x/$ab/xb"


def test_variables_are_followed_as_far_as_they_are_known() -> None:
    """Sets and maps are followed; what code may set is not."""
    text = "map $host $m { default $s; a two; } server { set $s one; }"
    known = variables_of(load(Texts({"a": text}), "a", "http"))
    assert set(known.values("http://$m")) == {"http://one", "http://two"}
    code = f"{text} server {{ rewrite_by_lua_block {{ return }} }}"
    assert variables_of(load(Texts({"b": code}), "b", "http")).values("$m") == ("$m",)


@pytest.mark.parametrize(
    ("text", "address", "uri"),
    [
        ("http://app", "app:80", ""),
        ("https://app/", "app:443", "/"),
        ("http://[::1]:81/a", "[::1]:81", "/a"),
        ("http://[::1]", "[::1]:80", ""),
        ("http://unix:/run/a.sock:/b", "unix:/run/a.sock", "/b"),
        ("http://app$request_uri", "app:80", "$request_uri"),
    ],
)
def test_a_target_is_read_as_an_address_and_a_path(text: str, address: str, uri: str) -> None:
    """The scheme's port is added, and a path in a variable is no part of the host."""
    config = load(Texts({"a": f"proxy_pass {text};"}), "a", "location")
    (item,) = config.every("proxy_pass")
    assert (target(item).address, target(item).uri) == (address, uri)
