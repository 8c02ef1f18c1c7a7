"""Adding endpoints and health checks to configurations of many shapes."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NothingToDoError, NotUnderstoodError

SPACES = """\
upstream app { server 127.0.0.1:8000; }
server {
  listen 80;
  # the API
  location = /v1/orders {
    limit_except POST { deny all; }
    client_max_body_size 32k;
    proxy_set_header Host $host;
    proxy_pass http://app/v1/orders;
  }

  # everything else
  location / {
    proxy_pass http://app;
  }
}
"""
TABS = """\
http
{
\tserver
\t{
\t\tlisten 80;

\t\tlocation /api/
\t\t{
\t\t\tproxy_pass http://127.0.0.1:8000/;
\t\t}

\t\t# the rest
\t\tlocation /
\t\t{
\t\t\treturn 404;
\t\t}
\t}
}
""".replace("\n", "\r\n")
COMPACT = "server{listen 80;location /{proxy_pass http://127.0.0.1:8000;}}"
ONE_LINERS = """\
server {
    listen 80;
    location = /a { proxy_pass http://127.0.0.1:8000; }
    location / { return 404; }
}
"""
CORS = """\
server {
    listen 80;
    add_header Access-Control-Allow-Origin https://a.io always;
    location /app/ {
        proxy_pass http://127.0.0.1:8000;
    }
}
"""
STATIC = "server {\n    listen 80;\n    root /srv;\n}\n"


def test_imitates_the_closest_sibling(surgeon: Any) -> None:
    """Method limit, order, and target follow the exact-match sibling; the path is the new one."""
    old = "    proxy_pass http://app/v1/orders;\n  }\n"
    new = """
  location = /collect {
    limit_except POST { deny all; }
    client_max_body_size 32k;
    proxy_set_header Host $host;
    proxy_pass http://app/collect;
  }
"""
    surgeon.check("Add a /collect endpoint", SPACES, (old, old + new))


def test_says_what_it_assumes(surgeon: Any) -> None:
    """Each decision that the request leaves open is in the notes."""
    notes = surgeon.draft("Add a /collect endpoint", {"a.conf": SPACES}).notes
    assert "assumed: POST only, from the name /collect" in notes
    assert "assumed: bodies up to 32k, as its sibling" in notes


def test_follows_tabs_crlf_braces_and_a_prefix(surgeon: Any) -> None:
    """Below a prefix with a URI the path is mapped as the prefix does, in the file's own style."""
    old = "\t\t\tproxy_pass http://127.0.0.1:8000/;\r\n\t\t}\r\n"
    new = """
\t\tlocation = /api/collect
\t\t{
\t\t\tif ($request_method != POST)
\t\t\t{
\t\t\t\treturn 405;
\t\t\t}
\t\t\tclient_max_body_size 16k;
\t\t\tproxy_pass http://127.0.0.1:8000/collect;
\t\t}
""".replace("\n", "\r\n")
    surgeon.check("expose POST /api/collect limited to 16k", TABS, (old, old + new))


def test_does_not_copy_a_foreign_uri(surgeon: Any) -> None:
    """Outside the sibling's prefix its URI is left out, so that the path arrives unchanged."""
    result = surgeon.result("Add GET /collect", TABS)
    block = result[result.index("location = /collect") : result.index("# the rest")]
    assert "proxy_pass http://127.0.0.1:8000;\r\n" in block
    assert "!~ ^(GET|HEAD)$" in block


def test_stays_on_one_line_where_the_file_does(surgeon: Any) -> None:
    """A file without line ends gets none."""
    new = (
        "location = /x{ if ($request_method != POST){ return 405; } client_max_body_size 1m;"
        " proxy_pass http://127.0.0.1:8000; } "
    )
    surgeon.check("Add POST /x, max body 1m", COMPACT, ("location /{", new + "location /{"))


def test_short_blocks_stay_short(surgeon: Any) -> None:
    """A file of one-line locations gets one more, without blank lines."""
    old = "    location = /a { proxy_pass http://127.0.0.1:8000; }\n"
    new = (
        "    location = /info { if ($request_method !~ ^(GET|HEAD)$) { return 405; } "
        "proxy_pass http://b; }\n"
    )
    surgeon.check("Add GET endpoint /info proxied to http://b", ONE_LINERS, (old, old + new))


def test_answers_preflight_where_the_server_answers_cors(surgeon: Any) -> None:
    """OPTIONS gets an empty 204 in a block without headers of its own, which inherits CORS."""
    old = "        proxy_pass http://127.0.0.1:8000;\n    }\n"
    new = """
    location = /collect {
        if ($request_method = OPTIONS) {
            return 204;
        }
        if ($request_method != POST) {
            return 405;
        }
        client_max_body_size 64k;
        proxy_pass http://127.0.0.1:8000;
    }
"""
    surgeon.check("Add a /collect endpoint", CORS, (old, old + new.removeprefix("\n")))


def test_takes_methods_from_the_source(surgeon: Any) -> None:
    """What the application serves beats a guess from the name."""
    files = {"a.conf": SPACES, "app/main.py": '@app.put("/collect")\ndef collect(): ...\n'}
    draft = surgeon.draft("Add a /collect endpoint", files)
    assert "+    limit_except PUT { deny all; }" in draft.text
    assert "methods PUT, as app/main.py serves /collect" in draft.notes


def test_goes_where_it_is_told(surgeon: Any) -> None:
    """A named target wins over the sibling's."""
    request = "add endpoint /metrics that only allows GET, proxied to http://127.0.0.1:9000"
    assert "location = /metrics {" in (result := surgeon.result(request, SPACES))
    assert "proxy_pass http://127.0.0.1:9000;" in result


def test_uses_the_only_upstream_without_a_sibling(surgeon: Any) -> None:
    """With no proxied location the only upstream is the target, with the usual headers."""
    text = "upstream api { server 127.0.0.1:1; }\n" + STATIC
    result = surgeon.result("Add a /collect endpoint", text)
    assert "        proxy_set_header Host $host;\n" in result
    assert "        proxy_pass http://api;\n    }\n}\n" in result


@pytest.mark.parametrize(
    ("request_text", "text", "part"),
    [
        ("Add a /collect endpoint", STATIC, "/collect should be proxied to"),
        ("Add a /collect endpoint proxied to upstream nope", SPACES, "no upstream 'nope'"),
        ("Add GET /v1/orders", SPACES, "differs: methods POST"),
        ("Add /v1/orders with a 1m body limit", SPACES, "differs: the body size"),
        ("Add a /x endpoint", "server { listen 1; }\nserver { listen 2; }\n", "fits 2 server"),
    ],
)
def test_refusals(surgeon: Any, request_text: str, text: str, part: str) -> None:
    """What the file leaves open or contradicts is refused by name."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft(request_text, {"a.conf": text})


def test_existing_endpoint_is_nothing_to_do(surgeon: Any) -> None:
    """A location that already is as asked for is reported with its line."""
    with pytest.raises(NothingToDoError, match="line 5 has location = /v1/orders"):
        surgeon.draft("Add a POST /v1/orders endpoint", {"a.conf": SPACES})


def test_static_health_check(surgeon: Any) -> None:
    """A health check is answered by nginx itself and not logged."""
    old = "  # everything else\n"
    new = """\
  location = /healthz {
    access_log off;
    default_type text/plain;
    return 200 "ok\\n";
  }

"""
    surgeon.check("Add a health check", SPACES, (old, new + old))


def test_proxied_health_check(surgeon: Any) -> None:
    """Asked for, the health check goes to the backend."""
    result = surgeon.result("Add a proxied health check at /livez", CORS)
    assert "    location = /livez {\n        if ($request_method !~ ^(GET|HEAD)$) {" in result


def test_health_check_in_an_empty_server(surgeon: Any) -> None:
    """Without any location it goes to the end of the server."""
    new = """    root /srv;

    location = /livez {
        access_log off;
        default_type text/plain;
        return 200 "ok\\n";
    }
"""
    surgeon.check("add a liveness probe", STATIC, ("    root /srv;\n", new))


def test_copies_protections(surgeon: Any) -> None:
    """Rate limits and access rules of the sibling are copied, and said."""
    text = CORS.replace("proxy_pass", "limit_req zone=api burst=5;\n        proxy_pass")
    draft = surgeon.draft("Add a /collect endpoint", {"a.conf": text})
    assert "+        limit_req zone=api burst=5;\n" in draft.text
    assert "copied from its sibling: limit_req zone=api burst=5;" in draft.notes


def test_prefers_a_named_location_to_a_websocket(surgeon: Any) -> None:
    """A location for WebSockets is no model where another one proxies plain requests."""
    socket = """\
    location /ws {
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_pass http://127.0.0.1:8000;
    }
"""
    named = """\
    location @app {
        proxy_set_header Host $host;
        proxy_pass http://127.0.0.1:8001;
    }
"""
    text = f"server {{\n    listen 80;\n{socket}{{}}}}\n"
    result = surgeon.result("Add a GET /info endpoint", text.replace("{}", named))
    assert (
        result.count("proxy_set_header Host $host;\n        proxy_pass http://127.0.0.1:8001") == 2
    )
    result = surgeon.result("Add a GET /info endpoint", text.replace("{}", ""))
    assert result.count("proxy_http_version 1.1;\n        proxy_pass http://127.0.0.1:8000;") == 1
    assert result.count("Upgrade") == 1
