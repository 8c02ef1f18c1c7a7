"""The service gate on both trees: real uvicorn, real FastAPI, real sandbox."""

from __future__ import annotations

import venv
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.integration.gates.service.services import PLAIN, RAW
from workflow import config
from workflow.environments import Installed
from workflow.gates.service import Check, Service, ServiceGate, Target, service_gate, standing
from workflow.sandbox import Laid
from workflow.types import Outcome, RepoPath, Side, Turn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest, Verdict

SERVICE = """\
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

app = FastAPI()
LIMIT = 1024


class Order(BaseModel):
    name: str = Field(max_length=20)
    count: int = Field(ge=1)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/collect", status_code=202)
async def collect(order: Order, request: Request) -> dict[str, str]:
    if int(request.headers.get("content-length", LIMIT + 1)) > LIMIT:
        raise HTTPException(413, "too large")
    return {"name": order.name}
"""
BASE = {"shop/__init__.py": "", "shop/main.py": SERVICE}


def judged(make_case: MakeCase, old: str, new: str, gate: ServiceGate | None = None) -> Verdict:
    """Return the verdict on the service with one text in it replaced."""
    assert old in SERVICE
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE.replace(old, new)})
    gate = gate or ServiceGate()
    return gate.judge(case)


def plain(make_case: MakeCase, base: str, patched: str, **settings: object) -> Verdict:
    """Return the verdict on two services without a framework, by the settings of the gate."""
    section = {"app": "service:app", "derive": False, "request_s": 3.0, "timeout_s": 30.0}
    made = config.GateSettings.model_validate({"service": {**section, **settings}})
    gate = service_gate(made.service, Installed())
    case = make_case({"service.py": base}, {"service.py": patched})
    assert gate.applies(case)
    return gate.judge(case)


def test_same_answers_pass(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """A change that answers everything as before passes, with both transcripts as evidence."""
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE + "\nX = 1\n"})
    gate = ServiceGate()
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.PASS
    assert "request(s) as on the base" in verdict.summary
    assert "the service shop.main:app was found by itself" in verdict.notes
    assert [tally.turn for tally in verdict.tallies] == [Turn.PASS_TO_PASS]
    assert not verdict.proofs
    assert not verdict.doubts
    assert [run.side for run in verdict.evidence] == [Side.BASE, Side.PATCHED]
    for run in verdict.evidence:
        assert b"> POST /collect, 28 bytes" in kept[run.log]
        assert b"Uvicorn running" in kept[run.log]


def test_differences_are_told(make_case: MakeCase) -> None:
    """What is answered otherwise is a note with both answers; it does not fail the change."""
    verdict = judged(make_case, '"status": "ok"', '"status": "fine", "more": "1"')
    assert verdict.outcome is Outcome.PASS
    assert 'GET /healthz: body.status: "ok" -> "fine"' in verdict.notes
    assert 'GET /healthz: body.more: none -> "1"' in verdict.notes


def test_weakened_limit_is_a_doubt(make_case: MakeCase) -> None:
    """What was refused and is accepted now is for a person to look at."""
    verdict = judged(make_case, "LIMIT = 1024", "LIMIT = 1024 ** 3")
    assert verdict.outcome is Outcome.PASS
    said = "POST /collect with a body of 2 MiB: was refused with 413, is answered with 202"
    assert said in verdict.doubts


def test_stricter_model_is_a_doubt(make_case: MakeCase) -> None:
    """A body that the base's model describes is sent to the patched tree, which refuses it."""
    verdict = judged(make_case, "    count: int", "    colour: str\n    count: int")
    assert verdict.outcome is Outcome.PASS
    said = "POST /collect with an Order, as on the base: was answered with 202, is refused with 422"
    assert said in verdict.doubts


def test_new_error_of_the_server_fails(make_case: MakeCase) -> None:
    """A request that the base answers and that makes the patched service break fails the change."""
    verdict = judged(make_case, '{"name": order.name}', '{"name": order.nam}')
    assert verdict.outcome is Outcome.FAIL
    assert "POST /collect with an Order: answered with 500" in verdict.summary
    assert verdict.proofs == ()


def test_new_route_is_proof(make_case: MakeCase) -> None:
    """A route that the base does not have, and that answers, is what the change is needed for."""
    route = (
        '@app.get("/new/{number}")\nasync def new(number: int, q: str) -> int:\n    return 1\n\n\n'
    )
    verdict = judged(make_case, '@app.get("/healthz")', route + '@app.get("/healthz")')
    assert verdict.outcome is Outcome.PASS
    assert verdict.proofs == ("service: GET /new/{number}",)
    assert Turn.NEW_PASS in [tally.turn for tally in verdict.tallies]


def test_service_that_no_longer_starts_fails(make_case: MakeCase) -> None:
    """A service that starts on the base and not on the patched tree fails, with its last words."""
    verdict = judged(make_case, "LIMIT = 1024", "LIMIT = 1024 // 0")
    assert verdict.outcome is Outcome.FAIL
    assert "starts on the base and not on the patched tree" in verdict.summary
    assert "ZeroDivisionError" in verdict.summary


def test_service_that_is_gone_fails(make_case: MakeCase) -> None:
    """A service whose file is deleted is tried by its name, and found not to start."""
    case = make_case(BASE, {"shop/__init__.py": ""})
    gate = ServiceGate()
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "starts on the base and not on the patched tree" in verdict.summary


def test_new_service_is_asked(make_case: MakeCase) -> None:
    """A service that the change brings along is asked, without anything to compare it with."""
    case = make_case({"README": "x"}, {"README": "x", **BASE})
    gate = ServiceGate()
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.PASS
    assert "none on the base" in verdict.summary
    assert set(verdict.proofs) == {"service: GET /healthz", "service: POST /collect with an Order"}
    assert [run.side for run in verdict.evidence] == [Side.PATCHED]


def test_found_service_that_never_starts_is_left_alone(make_case: MakeCase) -> None:
    """A service that nobody configured and that the base cannot start is told of, and no gate."""
    broken = {**BASE, "shop/main.py": SERVICE + "\n1 / 0\n"}
    case = make_case(broken, {**broken, "shop/main.py": SERVICE + "\nX = 1\n1 / 0\n"})
    gate = ServiceGate()
    assert not gate.applies(case)
    stands = standing(gate, case.base, case.sandbox)
    assert (stands.app, stands.is_up) == ("shop.main:app", False)
    assert "ZeroDivisionError" in stands.detail


def test_standing_of_a_service(make_case: MakeCase) -> None:
    """A person who asks for the state of this machine is told which app would be probed."""
    case = make_case(BASE, BASE)
    stands = standing(ServiceGate(), case.base, case.sandbox)
    assert (stands.app, stands.is_up) == ("shop.main:app", True)
    assert stands.detail.startswith("shop.main:app starts in ")
    assert standing(ServiceGate(detect=False), case.base, case.sandbox).app == ""


def test_configured_service_that_cannot_be_probed_is_told(make_case: MakeCase) -> None:
    """A folder or a check's file that is not there is said before a change comes, as it is."""
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE + "\nX = 1\n"})
    lost = ServiceGate(target=Target("main:app", "nowhere"))
    stands = standing(lost, case.base, case.sandbox)
    assert (stands.is_up, stands.is_wanted) == (False, True)
    assert "there is no folder /tree/nowhere" in stands.detail
    check = Check("echo", "POST", "/", file=RepoPath("none.json"))
    stands = standing(ServiceGate(checks=(check,)), case.base, case.sandbox)
    assert not stands.is_up
    assert "no file none.json for the check echo" in stands.detail


def test_tree_that_cannot_be_laid_out_is_an_error(make_case: MakeCase) -> None:
    """A patched tree that no system can hold is judged, as one that cannot be."""
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE + "\nX = 1\n"})
    scratch = case.patched.scratch.laid(Laid("a" * 256, "100644", b"x"))
    case = replace(case, patched=replace(case.patched, scratch=scratch))
    gate = ServiceGate()
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "File name too long" in verdict.summary
    assert "mend the patch" in verdict.hint


def test_another_app_does_not_answer_for_the_base(make_case: MakeCase) -> None:
    """An app that is made so that nobody sees it is started all the same, and found to break."""
    hidden = SERVICE.replace("app = FastAPI()", "app, = [FastAPI()]")
    hidden = hidden.replace('{"name": order.name}', '{"name": order.nam}')
    case = make_case(BASE, {**BASE, "shop/main.py": hidden, "shop/app.py": SERVICE})
    verdict = ServiceGate().judge(case)
    assert verdict.outcome is Outcome.FAIL
    assert "answered with 500" in verdict.summary


def test_service_does_not_know_the_probe(make_case: MakeCase) -> None:
    """Neither what asks nor where it asks is the same for every repository."""
    wary = SERVICE.replace(
        "async def healthz() -> dict[str, str]:",
        "async def healthz(request: Request) -> dict[str, str]:\n"
        "    told = (request.headers['user-agent'], str(request.url.port))\n"
        "    assert 'workflow' in told[0] or told[1] == '8000'",
    )
    case = make_case(BASE, {**BASE, "shop/main.py": wary})
    assert ServiceGate().judge(case).outcome is Outcome.FAIL


def test_lost_field_is_a_doubt(make_case: MakeCase) -> None:
    """An answer without a field that it had passes with a doubt that names it."""
    verdict = judged(make_case, '{"status": "ok"}', "{}")
    assert verdict.doubts == ("GET /healthz: the answer has no more body.status",)


def test_configured_service_that_never_starts_is_an_error(make_case: MakeCase) -> None:
    """A service that was asked for and starts on neither tree cannot be judged."""
    verdict = plain(make_case, "1 / 0\n", "2 / 0\n")
    assert verdict.outcome is Outcome.ERROR
    assert "on the base neither" in verdict.summary
    assert "[gates.service]" in verdict.hint


def test_python_without_uvicorn(make_case: MakeCase, tmp_path: Path) -> None:
    """Without uvicorn a found service is no gate, and a configured one an error with its mend."""
    venv.create(tmp_path / "bare", symlinks=True)
    environments = Installed(str(tmp_path / "bare/bin/python"))
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE + "\nX = 1\n"})
    found = ServiceGate(environments=environments)
    assert not found.applies(case)
    assert "no uvicorn" in standing(found, case.base, case.sandbox).detail
    wanted = ServiceGate(environments=environments, target=Target("shop.main:app"))
    assert wanted.applies(case)
    verdict = wanted.judge(case)
    assert verdict.outcome is Outcome.ERROR
    assert "install uvicorn" in verdict.hint


def test_change_elsewhere_is_no_business(make_case: MakeCase) -> None:
    """A file that the service neither imports nor has beside it does not start it."""
    files = {**BASE, "site.conf": "1", "tests/test_shop.py": "1", "other/tool.py": "1"}
    case = make_case(files, {**files, "site.conf": "2", "tests/test_shop.py": "2"})
    assert not ServiceGate().applies(case)
    assert not ServiceGate(target=Target("shop.main:app")).applies(case)


def test_detection_can_be_turned_off(make_case: MakeCase) -> None:
    """Without a configured app and without detection there is no gate."""
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE + "\nX = 1\n"})
    assert not ServiceGate(detect=False).applies(case)


def test_expectations_are_judged(make_case: MakeCase) -> None:
    """Status, header, JSON and text of configured checks are held against the patched answer."""
    base = PLAIN.replace('b"fine"', """b'{"a": [1, 2], "b": true}', [(b"x-kind", b"one")]""")
    expect = {"status": 200, "header": {"X-Kind": "one"}, "json": {"a": [1, 2]}, "contains": '"b"'}
    checks = [
        {"name": "main", "path": "/", "expect": expect},
        {"name": "silent", "path": "/"},
    ]
    good = plain(make_case, base, base + "X = 1\n", checks=checks, health="/")
    assert good.outcome is Outcome.PASS
    assert good.proofs == ()


def test_missed_expectation_fails_on_both_trees(make_case: MakeCase) -> None:
    """What a check wants, the patched tree has to give, also where the base does not."""
    checks = [{"name": "tea", "path": "/", "expect": {"status": 418}}]
    verdict = plain(make_case, PLAIN, PLAIN + "X = 1\n", checks=checks)
    assert verdict.outcome is Outcome.FAIL
    assert "tea: answered with 200, expected was 418" in verdict.summary
    assert verdict.tallies[0].turn is Turn.FAIL_TO_FAIL


def test_mended_expectation_is_proof(make_case: MakeCase) -> None:
    """A check that the base misses and the patched tree meets is what the change is needed for."""
    checks = [{"name": "tea", "path": "/", "expect": {"status": 418}}]
    verdict = plain(make_case, PLAIN, PLAIN.replace("200", "418"), checks=checks)
    assert verdict.outcome is Outcome.PASS
    assert verdict.proofs == ("service: tea",)
    assert verdict.tallies[0].turn is Turn.FAIL_TO_PASS
    assert "tea: status: 200 -> 418" in verdict.notes


def test_body_from_a_file_of_the_base(make_case: MakeCase) -> None:
    """A check's body is read from the base, which the patch cannot change."""
    echo = PLAIN.replace('b"fine"', '(await receive())["body"]')
    checks = [{"name": "echo", "method": "POST", "path": "/", "file": "body.txt", "size": 9}]
    expect = {"contains": "from base"}
    files = {"service.py": echo, "body.txt": "from base"}
    made = config.GateSettings.model_validate(
        {"service": {"app": "service:app", "checks": [{**checks[0], "expect": expect}]}}
    )
    gate = service_gate(made.service, Installed())
    patched = {"service.py": echo + "X = 1\n", "body.txt": "from patch"}
    assert gate.judge(make_case(files, patched)).outcome is Outcome.PASS


def test_missing_file_is_an_error(make_case: MakeCase) -> None:
    """A check whose file the base does not have cannot be made."""
    checks = [{"name": "echo", "method": "POST", "path": "/", "file": "none.txt"}]
    verdict = plain(make_case, PLAIN, PLAIN + "X = 1\n", checks=checks)
    assert verdict.outcome is Outcome.ERROR
    assert "no file none.txt" in verdict.summary


def test_other_answer_the_second_time(make_case: MakeCase) -> None:
    """A service that answers the first request well and breaks at the second one fails."""
    twice = "SEEN = []\n" + PLAIN.replace(
        "    await answer(send, 200",
        "    SEEN.append(scope['path'])\n"
        "    await answer(send, 200 if SEEN.count('/') < 2 else 500",
    )
    verdict = plain(make_case, PLAIN, twice, checks=[{"name": "main", "path": "/"}])
    assert verdict.outcome is Outcome.FAIL
    assert "main: answered with 500" in verdict.summary
    assert "main (second request): status: 200 -> 500" in verdict.notes


def test_service_that_ends_fails(make_case: MakeCase) -> None:
    """A service that ends while it is asked, and did not on the base, fails the change."""
    code = "import os\n" + PLAIN.replace(
        "    await answer(send, 2",
        "    if scope['path'] == '/': os._exit(3)\n    await answer(send, 2",
    )
    verdict = plain(make_case, PLAIN, code, checks=[{"name": "main", "path": "/"}])
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "on the patched tree, its process ended with status 3 at main"


def test_daemon_does_not_answer_for_a_service(make_case: MakeCase) -> None:
    """A change whose service ends and leaves a process behind, which answers well, fails."""
    code = "import os, time\nif os.fork():\n    time.sleep(1)\n    os._exit(0)\nos.setsid()\n"
    code += RAW % "time.sleep(0.4); one.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nfine')"
    checks = [{"name": name, "path": "/"} for name in "abc"]
    verdict = plain(make_case, PLAIN, code, checks=checks)
    assert verdict.outcome is Outcome.FAIL
    assert "its process ended with status 0" in verdict.summary


def test_verdict_depends_on_settings(make_case: MakeCase) -> None:
    """Two gates of other settings do not take each other's verdicts; one gate's own it knows."""
    case = make_case(BASE, {**BASE, "shop/main.py": SERVICE + "\nX = 1\n"})
    one, other = ServiceGate(), ServiceGate(service=Service(request_s=1.0))
    assert one.identity(case) == ServiceGate().identity(case) != ""
    assert one.identity(case) != other.identity(case)
