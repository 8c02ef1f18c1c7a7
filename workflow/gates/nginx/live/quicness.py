"""Whether what nginx says of HTTP/3 and where it listens for it go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.gates.nginx.live.ports import listeners
from workflow.gates.nginx.live.weigh import Difference, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.gates.nginx.live.asked import Request
    from workflow.gates.nginx.live.report import Report
    from workflow.semantics.nginx.expanded import Config

_UNSAID = "it listens for QUIC, and no answer over TLS says so (Alt-Svc): no browser will use it"
_UNHEARD = "its answers announce HTTP/3 (Alt-Svc), and it does not listen for QUIC"
WHAT = "HTTP/3"
_REFUSED = 400


def found(config: Config, requests: Sequence[Request], report: Report) -> Iterator[Difference]:
    """Yield each server whose answers announce something else than it listens for."""
    for server in config.servers:
        listening = {one.port for one in listeners(server) if one.is_quic}
        said: list[str] = []
        own = server.label
        url = ""
        for place, request in enumerate(requests):
            answer = report.answers.get((0, place))
            is_good = answer is not None and 0 < answer.status < _REFUSED
            if answer is None or not is_good or not answer.tls or own not in request.scopes:
                continue
            url = url or request.door.url
            said.append(answer.header("alt-svc"))
        announced = any("h3" in one for one in said)
        if said and listening and not announced:
            yield Difference(url, WHAT, "", "", Weight.DOUBT, _UNSAID)
        if announced and not any(one.is_quic for each in config.servers for one in listeners(each)):
            yield Difference(url, WHAT, "", "", Weight.DOUBT, _UNHEARD)
