"""Derives a manifest: what reading shows first, then what nginx itself still misses.

Only the base's complaints are answered freely; `known` bounds what a patched tree may have.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.gates.nginx import complaints, lacking, overlay, references, templates
from workflow.gates.nginx import shims as shims_of
from workflow.gates.nginx.layout import Context, read, texts_of
from workflow.gates.nginx.manifest import Kind, Manifest, Shim
from workflow.gates.nginx.modules import missing_module
from workflow.gates.nginx.source import View
from workflow.sandbox import Limits
from workflow.semantics.nginx.expanded import MAIN, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.layout import Target
    from workflow.gates.nginx.source import Source
    from workflow.process import Ran
    from workflow.sandbox import Sandbox
    from workflow.semantics.nginx.expanded import Config

_MAX_ROUNDS = 120
_MAX_TEMPLATE_WAYS = 40
_MAX_VARIABLES = 200
_OUTPUT = 1024 * 1024
_SUCCESS = "test is successful"
_SIGNALLED = 128
FOREIGN = "the program did not behave as nginx"
_HANDED = ("arg", "http", "cookie", "sent_http", "sent_trailer", "upstream_http", "upstream_cookie")
_BUILT_IN = re.compile(rf"(?:{'|'.join(_HANDED)}|upstream_trailer|jwt|limit_rate)_?\w*\Z|\d+\Z")
_SETS = frozenset(
    ("set", "map", "geo", "split_clients", "auth_request_set", "perl_set", "js_set", "js_var")
)


@dataclass(frozen=True, slots=True)
class Try:
    """One run of `nginx -t`, and what stood in around it."""

    manifest: Manifest
    ran: Ran

    @property
    def stderr(self) -> str:
        """What nginx said."""
        return self.ran.stderr.decode("utf-8", "backslashreplace")

    @property
    def is_foreign(self) -> bool:
        """Whether the program said nothing that nginx says: it is another one."""
        if self.ran.is_ok:
            return _SUCCESS not in self.stderr
        status = self.ran.exit_status
        ended = status is not None and 0 < status < _SIGNALLED and not self.ran.truncated
        return ended and not self.is_set_up_wrong and not complaints.complaint(self.stderr)

    @property
    def is_set_up_wrong(self) -> bool:
        """Whether a shim could not be put in its place."""
        return self.ran.exit_status == shims_of.SETUP_FAILED

    @property
    def said(self) -> str:
        """Nginx's complaint; empty when it has none."""
        if self.ran.is_ok:
            return "" if _SUCCESS in self.stderr else f"{FOREIGN}: it ended without a word"
        if self.ran.timed_out:
            return "nginx did not end within the time limit"
        if self.ran.truncated:
            return "nginx printed more than the limit"
        said = complaints.complaint(self.stderr)
        tail = self.stderr.strip().splitlines()[-1:] or [f"exit status {self.ran.exit_status}"]
        return said or tail[0]

    @property
    def warnings(self) -> frozenset[str]:
        """What nginx warned of, without lines."""
        return complaints.warnings(self.stderr)


@dataclass(slots=True)
class _Known:
    """What is known of one tree while shims are looked for."""

    source: Source
    config: Config
    text: str
    may_mask: bool
    is_allowed: Callable[[Shim], bool]
    tried: dict[str, list[Shim]] = field(default_factory=dict)
    ways: int = 0


@dataclass(frozen=True, slots=True)
class Deriver:
    """Runs one nginx on trees; `timeout_s` bounds all runs for one target on one tree."""

    sandbox: Sandbox
    binary: Binary
    timeout_s: float

    def test(self, source: Source, manifest: Manifest) -> Try:
        """Run `nginx -t` on a tree under a manifest."""
        limits = Limits(wall_s=self.timeout_s, output=_OUTPUT)
        command = shims_of.command(manifest, self.binary, source, limits=limits)
        return Try(manifest, self.sandbox.run(command))

    def base(
        self, source: Source, target: Target, *, may_mask: bool, begun: Try | None = None
    ) -> Try:
        """Derive everything from one tree, in the first context that fits.

        `may_mask`: whether directives that this nginx lacks may be left out of the test.  `begun`
        is a test under what reading shows in the first context.
        """
        tries = []
        for context in target.contexts or (None,):
            manifest = self.guessed(source, target, context)
            last = begun if begun and begun.manifest == manifest else self.test(source, manifest)
            last = self.answered(source, last, may_mask=may_mask)
            if shims_of.is_about_wrapper(last.said):
                continue
            if not last.said or missing_module(last.said) or last.is_foreign:
                return last
            tries.append(last)
        # The likeliest context, unless nginx only said that its directives do not belong there.
        fitting = [one for one in tries if "is not allowed here" not in one.said]
        return (fitting or tries or [last])[0]

    def guessed(self, source: Source, target: Target, context: Context | None) -> Manifest:
        """Return what reading alone shows."""
        manifest = Manifest(target, context, binary=self.binary.identity)
        for path in read(source, target):
            manifest = manifest.adding(*templates.shims(source.text(path), path, manifest))
        config = configuration(source, manifest)
        home = references.Home(source, target.folder)
        found = references.shims(config, home, is_part=context is not None)
        places = references.prefixes(texts_of(source, target))
        loads = lacking.loads(config, self.binary, _texts(source, manifest))
        return manifest.adding(*found, *places, *loads)

    def answered(
        self,
        source: Source,
        last: Try,
        *,
        may_mask: bool,
        is_allowed: Callable[[Shim], bool] = lambda _: True,
    ) -> Try:
        """Answer nginx's complaints until it has none, or one that nothing may answer.

        `last` is the test to begin with.
        """
        if not last.said:
            return last
        until = time.monotonic() + self.timeout_s
        text = texts_of(source, last.manifest.target)
        config = configuration(source, last.manifest)
        known = _Known(source, config, text, may_mask, is_allowed)
        for _ in range(_MAX_ROUNDS):
            if not last.said or time.monotonic() > until:
                break
            following = self._next(last, known)
            if following is None or following == last.manifest:
                break
            last = self.test(source, following)
        return last

    def _next(self, last: Try, known: _Known) -> Manifest | None:
        """Return the manifest that answers a complaint, if one may."""
        said, manifest = last.said, last.manifest
        other = self._other_template(said, manifest, known)
        if other is not None:
            return other
        lacked = lacking.provided(said, self.binary)
        if known.may_mask and not lacked:
            text, folder = _texts(known.source, manifest), manifest.target.folder
            lacked = lacking.masks(said, known.config, self.binary, folder, text)
        if lacked:
            return manifest.adding(*lacked)
        shim = complaints.answer(said, _zones(known.text), manifest.target.folder)
        if shim is None or not known.is_allowed(shim):
            return None
        if shim.kind in complaints.INSIDE_HTTP and not self._may_define(manifest, known.config):
            return None
        if shim.kind is not Kind.VARIABLE:
            return manifest.adding(shim)
        return manifest.adding(shim, *self._unknown_variables(known))

    @staticmethod
    def _may_define(manifest: Manifest, config: Config) -> bool:
        """Whether other files may define what this configuration only uses."""
        return manifest.context is not None or bool(config.missing)

    def _unknown_variables(self, known: _Known) -> Iterable[Shim]:
        """Return every variable that nobody defines here, so that nginx need not be asked of each.

        Nginx's own are told by their names being in the program.
        """
        own = {
            word.removeprefix("$")
            for item in known.config.every(*_SETS)
            for word in item.args[:2]
            if word.startswith("$")
        }
        used = {name for item in known.config.main.walk() for name in _variables(item.args)}
        own |= set(re.findall(r"\(\?P?<(\w+)>", known.text))
        for name in sorted(used - own)[:_MAX_VARIABLES]:
            shim = Shim(Kind.VARIABLE, name)
            if not _BUILT_IN.match(name) and known.is_allowed(shim) and not self.binary.has(name):
                yield shim

    @staticmethod
    def _other_template(said: str, manifest: Manifest, known: _Known) -> Manifest | None:
        """Return the manifest with another value for the template's variable in question."""
        if known.ways >= _MAX_TEMPLATE_WAYS:
            return None
        for shim in manifest.of(Kind.TEMPLATE):
            others = [
                other
                for other in templates.others(shim, said)
                if other not in known.tried.setdefault(shim.value, [shim])
            ]
            if others:
                known.tried[shim.value].append(others[0])
                known.ways += 1
                return manifest.instead(shim, others[0])
        return None


def configuration(source: Source, manifest: Manifest) -> Config:
    """Return what nginx would have from a target on, with templates filled in."""
    target = manifest.target
    name = (target.path, target.folder, manifest.context, manifest.of(Kind.TEMPLATE))
    if name not in source.configs:
        view = View(source, target.folder, lambda text: templates.render(text, manifest))
        context = str(manifest.context) if manifest.context else MAIN
        source.configs[name] = load(view, target.path, context)
    return source.configs[name]


def _texts(source: Source, manifest: Manifest) -> Callable[[str], str]:
    """Return what gives a file's text with templates filled in."""
    return lambda path: overlay.rendered(manifest, source, path)


def _variables(args: tuple[str, ...]) -> Iterable[str]:
    return (name for word in args if "$" in word for name in re.findall(r"\$\{?(\w+)", word))


def _zones(text: str) -> dict[str, Kind]:
    """Return the shared zones that a text uses, where they are not those of `limit_req`."""
    found = dict.fromkeys(re.findall(r"\blimit_conn\s+([\w-]+)", text), Kind.CONNECTION_ZONE)
    caches = re.findall(r"\b(?:proxy|fastcgi|uwsgi|scgi)_cache\s+([\w-]+)", text)
    return {**found, **dict.fromkeys(caches, Kind.CACHE_ZONE)}
