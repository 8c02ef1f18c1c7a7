"""A new endpoint grants no more origins than the request names."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NotUnderstoodError

HEADER = "add_header Access-Control-Allow-Origin"
SITE = f"""\
map $http_origin $cors_origin {{
    default "";
    "https://a.io" $http_origin;
}}

server {{
    listen 80;
    {HEADER} $cors_origin always;
    location = /api {{
        {HEADER} * always;
        proxy_pass http://127.0.0.1:8000;
    }}
}}
"""
FILE = "nginx/site.conf"
BOTH = "add a /collect endpoint and allow origin https://s.ado.im via CORS"


def block_of(text: str, path: str) -> str:
    """The location's text."""
    return text[text.index(f"location = {path} ") :].split("\n    }\n", maxsplit=1)[0]


@pytest.mark.parametrize("value", ["*", "https://b.io", "$http_origin", '"*"'])
def test_uses_the_variable_for_the_origin(surgeon: Any, value: str) -> None:
    """What a sibling answers to everyone or to another is not copied for the origin asked for."""
    block = block_of(surgeon.result(BOTH, SITE.replace("*", value)), "/collect")
    expected = "$cors_allow_origin" if value == "https://b.io" else "$cors_origin"
    assert f"{HEADER} {expected} always;" in block
    assert "*" not in block


def test_varies_with_the_origin(surgeon: Any) -> None:
    """An answer that has become one of several varies."""
    block = block_of(surgeon.result(BOTH, SITE), "/collect")
    assert 'add_header Vary "Origin" always;' in block


def test_preflight_grants_no_more(surgeon: Any) -> None:
    """The sibling's own preflight answer is copied with the variable, too."""
    answer = f"if ($request_method = OPTIONS) {{ {HEADER} *; return 204; }}"
    text = SITE.replace(f"        {HEADER} *", f"        {answer}\n        {HEADER} *")
    block = block_of(surgeon.result(BOTH, text), "/collect")
    assert f"{{ {HEADER} $cors_origin; return 204; }}" in block


def test_without_a_variable_it_is_refused(surgeon: Any) -> None:
    """Where all is open and nothing lists origins, one origin cannot be granted by a copy."""
    text = SITE.replace(f"    {HEADER} $cors_origin always;\n", "")
    with pytest.raises(NotUnderstoodError, match=r"Allow-Origin \*, which is not the same"):
        surgeon.draft(BOTH, {FILE: text})


def test_a_copy_nobody_asked_for_is_said(surgeon: Any) -> None:
    """Without a word about CORS, a sibling's headers are copied and said."""
    draft = surgeon.draft("add a /collect endpoint", {FILE: SITE})
    assert f"copied from its sibling: {HEADER} * always;" in draft.notes


def test_health_checks_copy_no_headers(surgeon: Any) -> None:
    """A proxied health check is nobody else's to read."""
    result = surgeon.result("add a proxied health check at /healthz", SITE)
    assert "Access-Control" not in block_of(result, "/healthz")
