from __future__ import annotations

import ast
from pathlib import Path

import workflow

DOOR = {"providers/remote.py", "redaction/egress/transport.py"}
LIVE = ("client", "driver", "quic", "streams", "stubs")
SANDBOX = {
    # They try whether a sandboxed program can reach a socket; nothing is sent.
    *("sandbox/probe.py", "sandbox/walls.py"),
    # A pair of connected Unix sockets to the launcher, and numbers of families.
    *("sandbox/launcher.py", "sandbox/resident/serve.py", "sandbox/resident/stage.py"),
    "sandbox/seccomp.py",
    # They run inside the sandbox, on the loopback network there.
    "gates/service/driver.py",
    *(f"gates/nginx/live/inside/{name}.py" for name in LIVE),
    # Where this machine's certificates are.
    "environments/sources.py",
    # Asks what somebody at this machine has named, and sends no more than the request.
    "probes/http.py",
}
"""What they import could send; a sandboxed build is what may reach an index."""
OUTWARD = {"aiohttp", "anthropic", "asyncio", "ftplib", "h11", "http", "httpcore", "httpcore2"} | {
    *("httpx", "httpx2", "openai", "requests", "smtplib", "socket", "ssl", "telnetlib"),
    *("urllib", "urllib3", "websockets", "xmlrpc"),
}
HARMLESS = {"urllib.parse", "http.HTTPStatus"}


def test_only_the_door_imports_what_can_send() -> None:
    """No other module imports an SDK, an HTTP library or sockets, wherever in it."""
    top = Path(workflow.__file__).parent
    others = {
        (str(path.relative_to(top)), name)
        for path in top.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
        if name.partition(".")[0] in OUTWARD and name not in HARMLESS
    }
    assert {path for path, _ in others} - DOOR - SANDBOX == set()
    assert {path for path, _ in others} >= DOOR


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        whole = node.module or ""
        if whole.partition(".")[0] not in OUTWARD or whole in HARMLESS:
            return [whole]
        return [f"{whole}.{alias.name}" for alias in node.names]
    return []


def test_the_door_is_a_late_import() -> None:
    """What `workflow list` imports has no SDK in it: each is imported where a client is made."""
    path = Path(workflow.__file__).parent / "providers/remote.py"
    tree = ast.parse(path.read_text())
    late = {
        node
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.If)
        for node in ast.walk(each)
    }
    early = [name for node in ast.walk(tree) if node not in late for name in _imported(node)]
    assert not {name.partition(".")[0] for name in early} & OUTWARD
