"""The drafted file: its shape, its place, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import patch
from workflow.errors import NotUnderstoodError, WorkflowError
from workflow.providers.new_files import as_answer
from workflow.semantics.nginx import directives, parse, walk
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.offline.drafted import OfflineDraft

    Drafted = Callable[..., OfflineDraft]

SITE = "nginx for s.example.test, upstream 127.0.0.1:8000"
FULL = (
    SITE + ", POST /collect up to 8k, /ws for websockets, rate limit 9 r/s, auth_request to"
    " http://127.0.0.1:9091/verify, allow origin https://a.example.test via CORS and CSP,"
    " X-Frame-Options DENY, redirect http to https, everything else to the backend"
)
# Each directive that the template has; `default` and the like are entries of a map.
_TEMPLATE = """
upstream server keepalive keepalive_timeout map limit_req_zone listen http2 include server_name
ssl_certificate ssl_certificate_key ssl_protocols ssl_session_cache ssl_session_timeout
ssl_session_tickets set_real_ip_from real_ip_header real_ip_recursive add_header
proxy_hide_header gzip gzip_vary gzip_proxied gzip_types client_max_body_size
client_header_timeout client_body_timeout send_timeout limit_req_status limit_req auth_basic
auth_basic_user_file auth_request proxy_http_version proxy_set_header proxy_connect_timeout
proxy_send_timeout proxy_read_timeout proxy_pass proxy_ssl_server_name proxy_ssl_name location
access_log default_type return if internal proxy_pass_request_body server_names_hash_bucket_size
"""
TEMPLATE = frozenset(_TEMPLATE.split())


def test_answer_is_read_back_as_it_is(drafted: Drafted) -> None:
    """The product's own reader makes the same files of the draft."""
    files = drafted(FULL).files
    reading = patch.read(as_answer(files).encode())
    placement = patch.place(reading.operations, Nothing())
    read = {str(path): content.data.decode() for path, content in placement.files if content}
    assert read == {file.path: file.text for file in files}


class Nothing:
    """A repository without files."""

    files: ClassVar[dict[object, patch.Content]] = {}

    def read(self, path: object) -> patch.Content | None:
        """No file is anywhere."""
        return self.files.get(path)


def test_no_location_loses_the_headers(drafted: Drafted) -> None:
    """A location with an `add_header` of its own would drop all of the server's."""
    tree = parse(drafted(FULL).files[0].text)
    for server in directives(tree.children, "server"):
        for location in directives(server.children, "location"):
            names = [node.name for node in walk(location.children)]
            assert "add_header" not in names
            assert "proxy_hide_header" not in names
            own = [
                node.values[0]
                for node in walk(location.children)
                if node.name == "proxy_set_header"
            ]
            assert not own or {"Host", "X-Forwarded-For", "Connection"} <= set(own)


def test_each_header_is_explained_sent_once_and_always(drafted: Drafted) -> None:
    """Above each header stands a comment; no name comes twice, and errors carry them, too."""
    rows = [line.strip() for line in drafted(FULL).files[0].text.splitlines()]
    found = [(number, row) for number, row in enumerate(rows) if row.startswith("add_header")]
    assert len(found) == 11
    assert all(rows[number - 1].startswith("# ") for number, _ in found)
    assert all(row.endswith(" always;") for _, row in found)
    names = [row.split()[1] for _, row in found]
    assert len(set(names)) == len(names)


def test_shape(drafted: Drafted) -> None:
    """Four spaces a level, no blank at a line's end, no two empty lines, one at the end of all."""
    text = drafted(FULL).files[0].text
    depth = 0
    for line in text.splitlines():
        depth -= line.strip() == "}"
        assert line == "" or line == "    " * depth + line.strip()
        depth += line.endswith("{")
    assert "\n\n\n" not in text
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


def test_tabs_where_the_repository_has_tabs(drafted: Drafted) -> None:
    """A new file is indented as its neighbours are."""
    text = drafted(SITE, nginx__a="server {\n\tlisten 80;\n\tserver_name a;\n}\n").files[0].text
    assert "\n\tlisten 443 ssl;" in text
    assert "\n    " not in text


def test_http3_is_complete_and_off(drafted: Drafted) -> None:
    """What nginx needs for HTTP/3 is in a file that its name keeps off, and the note says how."""
    draft = drafted(SITE)
    site, switch = draft.files
    assert switch.path == "nginx/http3.d/s.example.test/listen.conf.off"
    assert "include http3.d/s.example.test/*.conf;" in site.text
    tree = parse(switch.text)
    assert [" ".join((node.name, *node.values)) for node in walk(tree.children)] == [
        "listen 443 quic reuseport",
        "listen [::]:443 quic reuseport",
        "http3 on",
        'add_header Alt-Svc h3=":443"; ma=86400 always',
    ]
    assert any("rename" in note and switch.path in note for note in draft.notes)


def test_reuseport_is_said_once(drafted: Drafted) -> None:
    """A socket takes `reuseport` once for an address, and another server may have it."""
    beside = drafted(SITE, nginx__a="listen 443 quic reuseport;")
    assert "443 quic;" in beside.files[1].text
    assert "443 quic;" in drafted(SITE, "nginx/http3.d/http3.conf.off").files[1].text


@pytest.mark.parametrize("words", ["plain http", "proxy protocol"])
def test_http3_is_left_out_where_it_cannot_be(words: str, drafted: Drafted) -> None:
    """QUIC is always encrypted and knows no PROXY protocol; a note says so."""
    draft = drafted(f"{SITE}, {words}")
    assert len(draft.files) == 1
    assert any(note.startswith("no HTTP/3 here") for note in draft.notes)


PLACES = {
    (): "nginx/s.example.test.conf",
    ("README.md", "app/main.py"): "nginx/s.example.test.conf",
    ("deploy/web/nginx.conf",): "deploy/web/s.example.test.conf",
    ("nginx/nginx.conf", "nginx/conf.d/a.conf"): "nginx/conf.d/s.example.test.conf",
    ("nginx/conf.d/a.conf", "nginx/sites-available/b"): "nginx/sites-available/s.example.test.conf",
    ("nginx.conf", "conf.d/a.conf"): "conf.d/s.example.test.conf",
    ("prometheus/conf.d/a.conf",): "nginx/s.example.test.conf",
    ("nginx/s.example.test.conf",): "nginx/s.example.test-2.conf",
    ("nginx/s.example.test.conf", "nginx/s.example.test-2.conf"): "nginx/s.example.test-3.conf",
}


@pytest.mark.parametrize("existing", PLACES)
def test_a_new_file_goes_beside_its_likes(existing: tuple[str, ...], drafted: Drafted) -> None:
    """The folder is the one that the repository has for sites, and never a path that is taken."""
    files = drafted(SITE, *existing).files
    assert files[0].path == PLACES[existing]
    assert not {file.path for file in files} & set(existing)


def test_a_named_file_that_is_there_is_refused(drafted: Drafted) -> None:
    """An architect writes new files only, and says who edits old ones."""
    with pytest.raises(NotUnderstoodError, match="is there already") as caught:
        drafted(f"{SITE}, in nginx/a.conf", "nginx/A.conf")
    assert "surgeon" in caught.value.hint


def test_a_named_file_is_written(drafted: Drafted) -> None:
    """The request's own path is taken, with the switch beside it."""
    files = drafted(f"{SITE} in deploy/conf.d/a.conf").files
    assert [file.path for file in files] == [
        "deploy/conf.d/a.conf",
        "deploy/http3.d/a/listen.conf.off",
    ]


def test_notes_say_what_reads_the_file(drafted: Drafted) -> None:
    """A file that nothing includes is said to be so, with the line to add."""
    assert (
        "nothing reads nginx/s.example.test.conf yet: say 'include s.example.test.conf;' in http {}"
        in (drafted(SITE).notes)
    )
    main = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"
    read = drafted(SITE, "nginx/conf.d/a.conf", nginx__nginx=main)
    assert "the main file reads nginx/conf.d/s.example.test.conf already" in read.notes


def test_forecasts(drafted: Drafted) -> None:
    """A site that stands alone passes; one that is read at once with an unknown host does not."""
    main = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"
    known = "server { ssl_certificate /etc/tls/s.crt; } upstream u { server app:1; }"
    place = ("nginx/conf.d/a.conf",)
    (alone,) = drafted(SITE).forecasts
    assert (alone.gate, alone.outcome, alone.confidence) == ("nginx", Outcome.PASS, 95)
    assert "test is successful" in alone.why
    (read,) = drafted(SITE, *place, nginx__nginx=main).forecasts
    assert (read.outcome, read.confidence) == (Outcome.PASS, 90)
    usual = "nginx for s.example.test, certificate /etc/tls/s.crt, upstream "
    (passing,) = drafted(usual + "app:80", *place, nginx__nginx=main, nginx__b=known).forecasts
    assert passing.outcome is Outcome.PASS
    (unknown,) = drafted(usual + "other:80", *place, nginx__nginx=main, nginx__b=known).forecasts
    assert unknown.outcome is Outcome.FAIL
    assert "host not found in upstream" in unknown.why


def test_identifiers_of_a_sealed_name_hold_no_placeholder(drafted: Drafted) -> None:
    """A placeholder in small letters could not be restored."""
    text = drafted("nginx for a.ZQVX0123456789BC.test, upstream app:1").files[0].text
    assert "zqvx" not in text
    assert "upstream site_" in text


def test_the_backend_may_answer_the_health_check(drafted: Drafted) -> None:
    """Proxied, the health check is still open, unlogged, and for reading alone."""
    text = drafted(f"{SITE}, POST /a and proxied /healthz, basic auth").files[0].text
    health = text.split("location = /healthz {")[1].split("\n    }")[0]
    rows = [row.strip() for row in health.strip().splitlines()]
    assert rows == [
        "auth_basic off;",
        "access_log off;",
        "if ($request_method !~ ^(?:GET|HEAD)$) { return 405; }",
        "proxy_pass http://s_example_test;",
    ]


def test_long_names_get_room(drafted: Drafted) -> None:
    """Long names are refused by nginx unless its table has room for them."""
    name = f"{'a' * 50}.example.test"
    text = drafted(f"nginx for {name}, upstream app:1").files[0].text
    assert "server_names_hash_bucket_size 128;" in text


# --- hostile words -----------------------------------------------------------------------------

_PIECES = (
    "nginx for s.example.test, upstream 127.0.0.1:8000 POST /collect up to 8k auth on everything"
    " except /public CSP that allows https://cdn.example.test trusted proxies 10.0.0.0/8 listen on"
    " 8443 certificate /etc/tls/a.pem websocket /ws to app:3001 10 r/s no HSTS unix:/run/a.sock"
    " \" ' ` ; # ( ) < > | * ~ % & = : :: // ../ /%2e é \u202e \n \t ,"
)
PIECES = _PIECES.split(" ")
HOSTILE_WORDS = st.one_of(st.text(max_size=8), st.sampled_from("{};$\\\"'#\n/. "))
HOSTILE = st.lists(
    st.integers(0, 9).flatmap(lambda one: st.sampled_from(PIECES) if one else HOSTILE_WORDS),
    max_size=25,
)


@given(words=HOSTILE, glue=st.sampled_from(["", " ", ", "]))
def test_no_words_break_out(words: list[str], glue: str, drafted: Drafted) -> None:
    """Whatever a request says, the files parse and hold the template's directives alone."""
    request = f"{SITE}{glue}" + glue.join(words)
    said = ""
    try:
        draft: OfflineDraft | None = drafted(request)
    except WorkflowError as error:
        said = error.message + error.hint
        draft = None
    if draft is None:
        assert said.isprintable()
        return
    tree = parse(draft.files[0].text)
    names = set()
    for node in walk(tree.children):
        parent_is_map = node.name in {"default", "websocket"} or node.values == ("$http_origin",)
        names |= set() if parent_is_map else {node.name}
    assert names <= TEMPLATE
    servers = directives(tree.children, "server")
    assert 1 <= len(servers) <= 2
    assert all(not directives(one.children, "server") for one in servers)
    for file in draft.files:
        assert ".." not in file.path
        assert not file.path.startswith("/")
        assert file.text.isascii()
        assert all(char.isprintable() or char == "\n" for char in file.text)
    assert all(note.isprintable() for note in draft.notes)
