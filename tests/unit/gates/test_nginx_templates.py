from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.nginx import layout, templates
from workflow.gates.nginx.layout import Target
from workflow.gates.nginx.manifest import Kind, Manifest, Shim
from workflow.types import RepoPath

EMPTY = Manifest(Target(RepoPath("a.conf.j2"), ""), None)
PIECES: tuple[str, ...] = (
    "{{ a }}",
    "{% if x %}",
    "{% else %}",
    "{% endif %}",
    "${PORT}",
    "<%= y %>",
    "@A@",
    "\n",
)
PIECES += ("{{#t}}", "{{/t}}", "{# c\nd #}", "server_name ", "x;", "{", "}", "{%", "{{", "__A__")


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_lines_stay_where_they_are(text: str) -> None:
    """Whatever a template holds, it has as many lines after it was filled in."""
    assert templates.render(text, EMPTY).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("listen ${PORT:-8080};", "listen 8080;"),
        ("server_name {{ name }};", "server_name tmpl_name;"),
        ("proxy_pass {{ scheme }}://{{ host }}:{{ port | int }};", None),
        ("{% if a %}listen 80;{% else %}listen 81;{% endif %}gzip on;", "listen 80;gzip on;"),
        ("{% for d in ds %}allow {{ d }};{% endfor %}", "allow 127.0.0.1;"),
        ("{# a\nb #}gzip on;", "\ngzip on;"),
        ("<% if a %>gzip on;<% end %>", "gzip on;"),
        ("{{ if .a }}gzip on;{{ else }}gzip off;{{ end }}", "gzip on;"),
        ("client_max_body_size %(size)sm;", "client_max_body_size 8m;"),
        ("root {root}/x;", "root tmpl_root/x;"),
        ("error_page {{ code }} /x;", "error_page 404 /x;"),
        ("{{ more }}\n", "\n"),
        ("    {{ more }};", "    include /run/workflow/none/*;"),
        ("set $A 1; return 200 ${A};", "set $A 1; return 200 ${A};"),
        ("location ~ ^/[a-z]{3}/ { }", "location ~ ^/[a-z]{3}/ { }"),
        ("{% macro m() %}x{% endmacro %}gzip on;", "gzip on;"),
    ],
)
def test_variables_get_what_fits_their_place(text: str, filled: str | None) -> None:
    """A neutral value goes by the directive, the words around, and a default of the template."""
    done = templates.render(text, EMPTY)
    if filled is None:
        assert done.startswith("proxy_pass http://tmpl_host:2")
    else:
        assert done == filled


def test_values_of_the_manifest_come_first() -> None:
    """A value that the base's manifest has is the patched tree's, too."""
    manifest = EMPTY.adding(Shim(Kind.TEMPLATE, "name", "known.example"))
    assert templates.render("server_name {{ name }};", manifest) == "server_name known.example;"


def test_what_was_filled_in_is_told() -> None:
    """Each variable is a shim, and so is a template that has conditions or loops."""
    text = "{% if a %}server_name {{ name }};{% endif %}"
    assert templates.shims(text, "a.conf.j2", EMPTY) == (
        Shim(Kind.TEMPLATE, "name", "tmpl_name"),
        Shim(Kind.TAG, "each condition true, each loop once", "a.conf.j2"),
    )


def test_plain_configuration_is_no_template() -> None:
    """Braces, variables and named locations of nginx are none of a template's."""
    text = 'map $a $b { default ${c}; }\nlocation @app { return 200 \'{"a": {"b": 1}}\'; }\n'
    assert not templates.is_template(text)
    assert templates.shims(text, "a", EMPTY) == ()


@pytest.mark.parametrize(
    "piece", ["{{", "{%", "<%", "{#", "${", "__A", "{% if a %}", "{{ a }} ", "server_name {{ a }}"]
)
def test_hostile_template_is_not_slow(piece: str) -> None:
    """A long text of what begins and does not end is read in linear time."""
    begun = time.monotonic()
    templates.render(piece * (300_000 // len(piece)), EMPTY)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("default.conf.template", "default.conf"),
        ("nginx.conf.j2", "nginx.conf"),
        ("site.conf", "site.conf"),
        (".template", ".template"),
        ("a.conf.erb.dist", "a.conf"),
    ],
)
def test_name_without_template(name: str, plain: str) -> None:
    """What says that a file is a template is taken off its name."""
    assert layout.plain_name(name) == plain
