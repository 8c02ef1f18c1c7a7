"""What is spoken on both sides of nginx: HTTP/1.1, HTTP/2 and HTTP/3, gateways, names, sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.debian_builds import NGINX_HTTP3, NGINX_OLD, needed
from tests.integration.gates.live.conftest import server
from workflow.gates.nginx import hermetic
from workflow.gates.nginx.live import probe
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from tests.integration.gates.live.conftest import Probed
    from workflow.gates.nginx.live import Result

_APP = "proxy_pass http://app:3000;"
_NEW = "add_header X-New 1 always;"
_KEYS = "ssl_certificate /etc/ssl/a.crt; ssl_certificate_key /etc/ssl/a.key;"
_QUIC = f"listen 443 ssl; listen 443 quic; http2 on; {_KEYS}"
_ANNOUNCED = "add_header Alt-Svc 'h3=\":443\"; ma=86400' always;"
_ASKED = "what the upstream is asked"


def _answers(result: Result) -> dict[str, tuple[str, str]]:
    assert result.is_probed, result.why
    return {one.name: (one.base, one.patched) for one in result.answers}


def test_http_2_is_asked_where_it_is_spoken(probed: Probed) -> None:
    """Over TLS it is agreed on by ALPN, without TLS it is spoken from the first byte."""
    base = server(f"listen 443 ssl; http2 on; {_KEYS} location / {{ {_APP} }}")
    result = probed(base, base.replace(_APP, _APP + _NEW))
    found = _answers(result)
    assert found["GET https://a.example.test/ over HTTP/2"] == ("200", "200")
    assert found["GET http://a.example.test/ over HTTP/2 without TLS"] == ("200", "200")
    shown = {one.request for one in result.differences if one.what == "header x-new"}
    assert "GET https://a.example.test/ over HTTP/2" in shown


def test_http_3_is_asked_of_a_build_that_has_it(probed: Probed) -> None:
    """A real nginx with http_v3 answers over QUIC, and shows the header that a patch adds."""
    build = needed(NGINX_HTTP3)
    base = server(f"{_QUIC} {_ANNOUNCED} location / {{ {_APP} }}")
    patched = base.replace(_ANNOUNCED, _ANNOUNCED + _NEW)
    result = probed(base, patched, binary=str(build.folder))
    assert _answers(result)["GET https://a.example.test/ over HTTP/3"] == ("200", "200")
    shown = {one.request for one in result.differences if one.what == "header x-new"}
    assert "GET https://a.example.test/ over HTTP/3" in shown
    assert result.outcome is Outcome.PASS


def test_quic_that_no_answer_announces_is_told(probed: Probed) -> None:
    """A location's own header drops the server's Alt-Svc: no browser comes over HTTP/3 any more."""
    build = needed(NGINX_HTTP3)
    base = server(f"{_QUIC} {_ANNOUNCED} location / {{ {_APP} }}")
    result = probed(base, base.replace(_APP, _APP + _NEW), binary=str(build.folder))
    assert any("no answer over TLS says so (Alt-Svc)" in doubt for doubt in result.doubts)


def test_an_older_nginx_is_probed_the_same(probed: Probed) -> None:
    """Nginx 1.22, which has HTTP/2 as a word of `listen`."""
    build = needed(NGINX_OLD)
    base = server(f"listen 443 ssl http2; {_KEYS} location / {{ {_APP} }}")
    result = probed(base, base.replace(_APP, _APP + _NEW), binary=str(build.folder))
    assert _answers(result)["GET https://a.example.test/ over HTTP/2"] == ("200", "200")


_PARAMS = "{0}_param REQUEST_METHOD $request_method; {0}_param REQUEST_URI {1};"
_GATEWAYS = {
    "fastcgi": "fastcgi_pass php:9000;",
    "uwsgi": "uwsgi_pass unix:/run/app.sock;",
    "scgi": "scgi_pass 10.1.2.3:4000;",
}


@pytest.mark.parametrize("name", _GATEWAYS)
def test_what_reaches_a_gateway_is_compared(probed: Probed, name: str) -> None:
    """FastCGI, uwsgi and SCGI, over TCP by name and by address, and over a UNIX socket."""
    base, patched = (
        f"location / {{ {_GATEWAYS[name]} {_PARAMS.format(name, uri)} }}"
        for uri in ("$request_uri", "/v2$request_uri")
    )
    result = probed(server(base), server(patched))
    assert _answers(result)["GET http://a.example.test/probe.html"] == ("200", "200")
    found = {one.after for one in result.differences if one.what == _ASKED}
    assert any(one.startswith("/v2/probe.html of ") for one in found)


def test_what_reaches_a_grpc_server_is_compared(probed: Probed) -> None:
    """Nginx speaks HTTP/2 to it, and so does what stands in."""
    base = server("http2 on; location / { grpc_pass grpc://rpc:50051; }")
    result = probed(base, base.replace("grpc_pass", "grpc_set_header X-Who me; grpc_pass"))
    found = {one.what: one.after for one in result.differences}
    assert found == {"header to the upstream x-who": "me"}


def test_an_upstream_over_tls_stands_in(probed: Probed) -> None:
    """With a certificate that nobody has to believe."""
    base = server("location / { proxy_pass https://app:8443; }")
    result = probed(base, base.replace("proxy_pass", "proxy_set_header X-Who me; proxy_pass"))
    assert {one.what for one in result.differences} == {"header to the upstream x-who"}


def test_an_upstream_on_nginx_own_port_stands_in(probed: Probed) -> None:
    """`listen 80` takes every address; in the copy it leaves the upstream's port 80 free."""
    base = server("location / { proxy_pass http://app; }")
    result = probed(base, base.replace("http://app;", "http://app/v2/;"))
    assert _answers(result)["GET http://a.example.test/"] == ("200", "200")
    assert "/v2/ of app:80" in {one.after for one in result.differences if one.what == _ASKED}


def test_nginx_that_asks_itself_is_left_alone(probed: Probed) -> None:
    """No upstream stands in where nginx itself listens."""
    own = "} server { listen 8080; location / { return 418; }"
    base = server(f"location / {{ proxy_pass http://127.0.0.1:8080; }} {own}")
    result = probed(base, base.replace("return 418", "return 410"))
    assert _answers(result)["GET http://a.example.test/"] == ("418", "410")


def test_every_address_of_the_configuration_works(probed: Probed) -> None:
    """Nginx listens on, and asks, addresses that are not this machine's: none is edited."""
    base = server(
        f"location / {{ {_APP} }} }} server {{ listen 10.9.9.9:8080;"
        " location / { proxy_pass http://192.168.7.7:9000; }"
    )
    result = probed(base, base.replace("192.168.7.7:9000;", "192.168.7.7:9000/v2/;"))
    found = {one.after for one in result.differences if one.what == _ASKED}
    assert "/v2/probe.html of 192.168.7.7:9000" in found


def test_a_client_from_an_allowed_network_is_let_in(probed: Probed) -> None:
    """Requests come from a stranger, and from an address in each network that is let in."""
    base = server(f"location / {{ allow 10.1.0.0/16; deny all; {_APP} }}")
    result = probed(base, base.replace(_APP, _APP + _NEW))
    found = _answers(result)
    assert found["GET http://a.example.test/probe.html"] == ("403", "403")
    assert found["GET http://a.example.test/probe.html (from 10.1.0.1)"] == ("200", "200")


def test_a_name_in_a_variable_is_resolved(probed: Probed) -> None:
    """The name server that the configuration asks stands in, too."""
    base = server(f"resolver 8.8.8.8; set $up http://app:3000; location / {{ {_APP} }}")
    result = probed(base, base.replace(_APP, "proxy_pass $up;"))
    assert not result.faults, result.told


def test_a_server_on_a_unix_socket_is_asked(probed: Probed) -> None:
    """It is reached by its path."""
    base = server("} server { listen unix:/run/n.sock; location / { return 200 a; }")
    result = probed(base, base.replace("200 a", "200 b"))
    assert _answers(result)["GET http://[unix:n.sock]/"] == ("200", "200")
    assert {one.what for one in result.differences} == {"body"}


def test_a_limit_of_requests_shows_in_a_burst_alone(probed: Probed) -> None:
    """Each request comes from an address of its own, but for those sent again and again."""
    zone = "limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;"
    base = server(f"location / {{ {_APP} }}", zone)
    result = probed(base, base.replace(_APP, _APP + "limit_req zone=slow;"))
    assert result.outcome is Outcome.PASS
    assert result.differences
    assert all("again and again" in one.request for one in result.differences)


def test_how_nginx_runs_is_not_compared(probed: Probed) -> None:
    """Processes, the log and the account are edited in the copy, or make no difference there."""
    start = "daemon on; master_process on; worker_processes 4; user www-data; pid /run/x.pid;"
    base = f"{start} error_log /var/log/nginx/e.log debug;\n{server('location / { return 204; }')}"
    result = probed(base, base.replace("worker_processes 4", "worker_processes 8"))
    assert result.outcome is Outcome.PASS
    assert not result.differences


def test_without_a_base_every_answer_is_listed(make_case: MakeCase) -> None:
    """A probe of one tree says what is answered, and compares with nothing."""
    case = make_case({}, {"nginx.conf": server(f"location / {{ {_APP} }}")})
    found = hermetic.check(None, case.patched, case.sandbox, case.keep)
    (one,) = found.results
    assert one.manifest is not None
    result = probe(case.sandbox, case.keep, one.manifest, one.binary, case.patched)
    assert result.outcome is Outcome.PASS
    assert _answers(result)["GET http://a.example.test/probe.html"] == ("", "200")
    assert not result.tallies


def test_what_nginx_logs_is_read_wherever_it_logs_to(probed: Probed) -> None:
    """The cause of an error is in nginx's own words, though the log is a file of the server's."""
    start = "daemon off; error_log /var/log/nginx/error.log crit;"
    base = f"{start}\n{server('location / { return 204; }')}"
    patched = base.replace("return 204", "try_files $uri @nowhere")
    result = probed(base, patched)
    assert any('could not find named location "@nowhere"' in one.cause for one in result.faults)


def test_trailers_end_an_answer(probed: Probed) -> None:
    """They come behind the last chunk; nobody waits for more."""
    base = server("location / { add_trailer X-Sum a; }")
    result = probed(base, base.replace("X-Sum a;", "X-Sum a; add_header X-New 1;"))
    assert _answers(result)["GET http://a.example.test/probe.html"] == ("200", "200")
    shown = {one.request for one in result.differences if one.what == "header x-new"}
    assert "GET http://a.example.test/probe.html" in shown
