"""Holds the answers of both trees against each other, request by request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from workflow.gates.nginx.live.facts import BODY, HEADER, OF_BODY, STATUS, facts
from workflow.gates.nginx.live.report import Answer
from workflow.gates.nginx.live.stage import TURNS
from workflow.gates.nginx.live.weigh import GUARDS, Difference, Met, Weight, weighed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.gates.nginx.live.asked import Request
    from workflow.gates.nginx.live.report import Report
    from workflow.gates.nginx.live.scopes import Reach, Reaches

_NOT_ASKED = Answer("it was not asked", 0)
_REDIRECTS = range(300, 400)
_INTERIM = range(100, 101)
_SERVER_ERROR = 500
# ngx_http_headers_module.
_SPOKEN_WITH = frozenset({200, 201, 204, 206, 301, 302, 303, 304, 307, 308})
_MOST_HOPS = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """One request, what each tree answers, and where that differs; without a base no `before`."""

    request: Request
    before: Answer | None
    after: Answer
    differences: tuple[Difference, ...] = ()

    @property
    def weights(self) -> frozenset[Weight]:
        """How much the differences weigh."""
        return frozenset(one.weight for one in self.differences)


def compared(
    requests: Sequence[Request], base: Report | None, patched: Report, reached: Reaches
) -> tuple[Compared, ...]:
    """Compare request by request; without a base every answer stands alone."""
    found = []
    loops = _loops(requests, patched) - (_loops(requests, base) if base else set())
    for place, request in enumerate(requests):
        after = _turns(patched, place)
        before = _turns(base, place) if base is not None else None
        if after[0] == _NOT_ASKED and (before is None or before[0] == _NOT_ASKED):
            continue
        told = list(_alone(request, after[0], patched.logged)) if before is None else []
        if before is not None:
            told += _differences(request, before, after, reached.touching(request.scopes), patched)
        if request.url in loops and request.method == "GET":
            location = after[0].header("location")
            cause = "the redirects lead in a circle"
            told.append(Difference(request.name, "redirect", "", location, Weight.FAULT, cause))
        found.append(Compared(request, before[0] if before else None, after[0], tuple(told)))
    return tuple(found)


def _turns(report: Report, place: int) -> tuple[Answer, ...]:
    return tuple(report.answers.get((turn, place), _NOT_ASKED) for turn in range(TURNS))


def _alone(request: Request, after: Answer, logged: Sequence[str]) -> Iterator[Difference]:
    """Yield what is wrong with an answer by itself."""
    if after.status >= _SERVER_ERROR:
        cause = _logged(request, logged) or "an error of the server"
        yield Difference(request.name, STATUS, "", after.told, Weight.DOUBT, cause)


def _differences(
    request: Request,
    before: Sequence[Answer],
    after: Sequence[Answer],
    reached: tuple[Reach, ...],
    patched: Report,
) -> Iterator[Difference]:
    """Yield what is answered otherwise; of what is never the same on one tree nothing is said."""
    old = [facts(one, request.method) for one in before]
    new = [facts(one, request.method) for one in after]
    passing = {name for name in old[0] | old[1] if old[0].get(name) != old[1].get(name)}
    passing |= {name for name in new[0] | new[1] if new[0].get(name) != new[1].get(name)}
    seen: set[str] = set()
    for turn, (was, now) in enumerate(zip(old, new, strict=True)):
        names = sorted({*was, *now}, key=lambda name: (name != STATUS, name))
        if was.get(STATUS) != now.get(STATUS):
            # Another status makes another answer altogether, but its guards must still stand.
            names = [STATUS, *_guards_lost(before[turn].status, after[turn].status, was, now)]
        elif was.get(BODY) != now.get(BODY):
            names = [name for name in names if name not in OF_BODY]
        for name in names:
            is_same = was.get(name) == now.get(name)
            if is_same or name in seen or (name in passing and name != STATUS):
                continue
            seen.add(name)
            met = Met(request, before[turn], after[turn], reached)
            words = (was.get(name, ""), now.get(name, ""))
            weight, cause = weighed(met, name, *words)
            if name == STATUS:
                words = (before[turn].told, after[turn].told)
            if weight is Weight.FAULT and after[turn].status >= _SERVER_ERROR:
                cause = _logged(request, patched.logged) or cause
                if missing := _missing(request, patched):
                    weight, cause = Weight.DOUBT, f"an upstream could not stand in: {missing}"
            yield Difference(request.name, name, *words, weight, cause)


def _guards_lost(
    before: int, after: int, was: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[str]:
    """Yield security headers that went with the status, though nginx sends them with both.

    Without `always`, `add_header` speaks with the statuses of `_SPOKEN_WITH` alone.
    """
    is_interim = before in _INTERIM or after in _INTERIM
    if is_interim or (before in _SPOKEN_WITH and after not in _SPOKEN_WITH):
        return
    for guard in sorted(GUARDS):
        if was.get(f"{HEADER}{guard}") and not now.get(f"{HEADER}{guard}"):
            yield f"{HEADER}{guard}"


def _missing(request: Request, report: Report) -> str:
    """Return the upstream that could not stand in and that nginx missed for a request."""
    line = _line(request, report.logged)
    for said in report.failed:
        name, _, _ = said.rpartition(": ")
        # nginx logs the address of a host, and the path of a socket.
        known = name if name.startswith("unix:") else name[name.rfind(":") :] + "/"
        if known and known in line.partition(", upstream: ")[2]:
            return said
    return ""


def _logged(request: Request, logged: Sequence[str]) -> str:
    """Return what nginx logged about a request."""
    return without_request(_line(request, logged))


def _line(request: Request, logged: Sequence[str]) -> str:
    wanted = f'request: "{request.method} {request.target} HTTP'
    return next((line for line in logged if wanted in line), "")


def without_request(line: str) -> str:
    """Return what nginx logged without what says which request it was about."""
    return line.split(", server: ", maxsplit=1)[0].split(", client: ", maxsplit=1)[0]


def _loops(requests: Sequence[Request], report: Report) -> set[str]:
    """Return the URLs from which redirects lead in a circle, as far as they were asked."""
    leads: dict[str, str] = {}
    for place, request in enumerate(requests):
        answer = report.answers.get((0, place), _NOT_ASKED)
        location = answer.header("location")
        if request.method == "GET" and answer.status in _REDIRECTS and location:
            leads.setdefault(request.url, urljoin(request.url, location))
    return {url for url in leads if _returns(url, leads)}


def _returns(url: str, leads: Mapping[str, str]) -> bool:
    here = leads[url]
    for _ in range(_MOST_HOPS):
        if here == url:
            return True
        if here not in leads:
            return False
        here = leads[here]
    return False
