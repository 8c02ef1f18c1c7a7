"""Real nginx configurations, chosen from packages by what they say and kept once for each content.

The corpus is rebuilt from the packages' names; no file of it is kept in the repository.  A sample
has the files around it that nginx would find beside it, so that its includes mean what they meant.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import json
import re
import textwrap
import warnings
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from bench.nginx import fetch, packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "nginx-corpus"
_CODES = """
.c .cc .cfg .class .cpp .css .csv .d .deb .dll .el .erl .go .gif .h .html .htm .ini .ipynb
.java .jpg .js .json .jsonl .jsx .less .lua .map .mjs .mo .pdf .php .pl .pm .png .po .pot .py
.pyc .pyi .pyx .rb .rs .scss .sh .so .sql .svg .t .toml .ts .tsx .txt .vim .vue .woff .xml
.yaml .yml .zip .service .log .diff .patch .dart .cjs .lock .xsl .xslt .in .am .ac .m4 .properties
"""
_CODE = frozenset(_CODES.split())
_DOCUMENTS = frozenset({".md", ".rst", ".markdown", ".mdx"})
_OWN = re.compile(
    r"""(?mx) ^ [ \t]* (?:
      (?: server | http | events | stream ) \s* \{
    | location \s+ [^\n{;]+ \{ | upstream \s+ [^\s{;]+ \s* \{ | (?:map|geo) \s+ \$[^\n{;]+ \{
    | types \s* \{
    | (?: proxy_(?:pass|set_header|buffer\w*|read_timeout|redirect|http_version|cache\w*)
        | fastcgi_(?:pass|param|index|split_path_info|buffers) | uwsgi_(?:pass|param) | scgi_param
        | server_name | worker_connections | worker_processes | try_files | ssl_certificate
        | ssl_(?:protocols|ciphers|session_cache) | add_header | client_max_body_size | access_log
        | limit_req(?:_zone)? | root \s+ / | gzip | gzip_\w+ | load_module | set_real_ip_from
        | auth_basic\w* | default_type | sendfile | listen ) \s+ [^\n;]* ;
    )"""
)
_CERTAIN = re.compile(
    r"(?m)^[ \t]*(?:server\s*\{|location\s+[^\n{;]+\{|http\s*\{|events\s*\{|proxy_pass\s|"
    r"fastcgi_pa|uwsgi_pa|scgi_param|worker_|upstream\s+[^\s{;]+\s*\{|map\s+\$|geo\s+\$|"
    r"proxy_set_header|ssl_protocols|ssl_certificate\s|load_module|add_header\s|types\s*\{)"
)
_OTHER = re.compile(
    r"(?m)^\s*<(?:VirtualHost|Directory|IfModule|\?php|\?xml|!DOCTYPE|html)|^\s*(?:frontend|backend)"
    r"\s+\w+\s*$|^#!\s*/|^\s*(?:def|class|function|import|from)\s+[\w.]+|^\s*\[\w[\w ]*\]\s*$|"
    r"^\s*(?:zone|options|acl)\s*\"|^apiVersion:|^\s*- name:|^diff --git|^\s*(?:charon|connections)"
    r"\s*\{|^\s*program\s*\{|syntax on|^FROM\s|^RUN\s"
)
_TEMPLATE = re.compile(
    r"\{\{|\{%|<%|\$\{[A-Z_][A-Z0-9_]*\}|%\(\w+\)s|@[A-Z][A-Z_]+@|\$\{\w+:|#\{\w|"
    r"\{[a-z_]+\}[/;]|\$\$\w|<[a-zA-Z_ ]+>;|(?<=[\s/])__[A-Z]\w+__"
)
_FENCE = re.compile(r"(?ms)^[ ]{0,3}```[ ]?(?:nginx|Nginx|NGINX)[^\n]*\n(.*?)^[ ]{0,3}```")
_DIRECTIVE = re.compile(
    r"(?m)^([ ]*)\.\. (?:code-block|code|sourcecode|highlight):: *nginx[^\n]*\n"
    r"(?:[ ]+:[^\n]*\n)*\s*?\n((?:\1[ ]+[^\n]*\n|[ \t]*\n)+)"
)
# Mail-like or prose files that quote configuration, and tests of what a parser must refuse.
_NOT_CODE = re.compile(
    r"PKG-INFO$|NEWS|README$|changelog|\.snap$|\.\d$|(?:^|/)[Tt]ests?/(?:.*/)?(?:test_)?"
    r"(?:raw_|nginx_)?(?:parser|tokenizer|malformed)|nginxparser_test|test_tokenizer|test_nginx_parser"
)
_PROSE = re.compile(r"(?m)^[ \t]*(?:[A-Z][\w']* [a-z]+ |[-*] |>>> |\.\.\. )")
_LEAST, _SEVERAL, _MOST, _AROUND = 2, 4, 128 * 1024, 60


class Kind(StrEnum):
    """What a sample is written for, by the blocks at its left edge."""

    FULL = "full"
    SERVER = "server"
    LOCATION = "location"
    DROP_IN = "drop-in"
    TEMPLATE = "template"
    EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class Sample:
    """One configuration: where it came from, what it is, and the name that its content has."""

    registry: str
    package: str
    version: str
    path: str
    kind: Kind
    digest: str
    lines: int

    @property
    def name(self) -> str:
        """How a sample is called in tables and lists of failures."""
        return f"{self.package}:{self.path}"


@dataclass(frozen=True, slots=True)
class Corpus:
    """The samples of a folder, with their bytes and the files beside them."""

    folder: Path
    samples: tuple[Sample, ...]

    def content(self, sample: Sample) -> bytes:
        """The bytes of a sample."""
        return (self.folder / "files" / sample.digest).read_bytes()

    def around(self, sample: Sample) -> dict[str, bytes]:
        """The sample and what lies beside it, by path; the sample's own path is `place(sample)`."""
        top = _top(sample.path)
        found = {place(sample): self.content(sample)}
        if "#" in sample.path:
            return found
        for other in self._near(sample, top):
            path = other.path[len(top) :] if top else PurePosixPath(other.path).name
            found.setdefault(f"nginx/{path}", self.content(other))
            if len(found) >= _AROUND:
                break
        return found

    def _near(self, sample: Sample, top: str) -> Iterator[Sample]:
        if not top:
            return
        for other in self.samples:
            same = other.package == sample.package and other.registry == sample.registry
            if same and other.path.startswith(top) and "#" not in other.path:
                yield other


def place(sample: Sample) -> str:
    """Where a sample lies in the tree that is made for it."""
    top = _top(sample.path)
    path = sample.path[len(top) :] if top else PurePosixPath(sample.path).name
    if "#" in sample.path:
        path = re.sub(r"\W+", "-", path) + ".conf"
    return f"nginx/{path}"


def _top(path: str) -> str:
    """The folder that stands for /etc/nginx, with its slash; empty where none is recognised."""
    parts = path.split("/")[:-1]
    for depth in range(len(parts), 0, -1):
        if parts[depth - 1] in {"nginx", "etc_nginx"}:
            return "/".join(parts[:depth]) + "/"
    return ""


def kind_of(path: str, text: str) -> Kind:
    """What a file is written for."""
    if "#" in path:
        return Kind.EXAMPLE
    if _TEMPLATE.search(re.sub(r"(?m)#.*$", "", text)):
        return Kind.TEMPLATE
    names = set(_edge(text))
    if names & {"events", "http", "stream", "mail", "worker_processes"}:
        return Kind.FULL
    if names & {"server", "upstream"}:
        return Kind.SERVER
    if "location" in names:
        return Kind.LOCATION
    return Kind.DROP_IN


def _edge(text: str) -> Iterator[str]:
    depth = 0
    plain = re.sub(r"(?m)(^|\s)#.*$", "", text)
    for statement in re.finditer(r"([^;{}]*)([;{}])", plain):
        words = statement[1].split()
        if depth == 0 and words:
            yield words[0]
        depth += {"{": 1, "}": -1}.get(statement[2], 0)


def is_configuration(path: str, data: bytes) -> bool:
    """Whether a member of an archive is nginx configuration, by its name and by what it says."""
    suffix = PurePosixPath(path).suffix.lower()
    if (
        _NOT_CODE.search(path)
        or suffix in _CODE
        or suffix in _DOCUMENTS
        or b"\0" in data
        or len(data) > _MOST
    ):
        return False
    text = data.decode("utf-8", "replace")
    if _OTHER.search(text):
        return False
    if not _CERTAIN.search(text):
        return False
    least = 1 if _top(path) else _LEAST
    return sum(1 for _ in _OWN.finditer(text)) >= least


def examples(path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The configuration in a document's blocks that say so, and in the strings of a program."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".py":
        yield from _strings(path, data)
    if suffix not in _DOCUMENTS:
        return
    text = data.decode("utf-8", "replace")
    blocks = [found[1] for found in _FENCE.finditer(text)]
    for found in _DIRECTIVE.finditer(text):
        rows = [row.expandtabs() for row in found[2].splitlines()]
        edge = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
        blocks.append("\n".join(row[edge:] for row in rows).strip() + "\n")
    for number, block in enumerate(blocks, 1):
        if _OWN.search(block) and _CERTAIN.search(block):
            yield f"{path}#{number}", block.encode()


def _strings(path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """A Python file's long strings that are nginx configuration; the file is only parsed."""
    if _NOT_CODE.search(path) or len(data) > _MOST or b"server" not in data or b"{" not in data:
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    pieces = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in pieces:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = textwrap.dedent(node.value).strip("\n") + "\n"
            several = sum(1 for _ in _OWN.finditer(text)) >= _SEVERAL
            other = _OTHER.search(text) or _PROSE.search(text) or "{{" in text
            if several and _CERTAIN.search(text) and not other:
                yield f"{path}#{node.lineno}", text.encode("utf-8", "replace")


def chosen(archives: Iterable[fetch.Archive]) -> Iterator[tuple[Sample, bytes]]:
    """Every sample of the archives, each content once."""
    seen: set[str] = set()
    for archive in archives:
        for raw_path, raw in fetch.members(archive):
            path, data = _plain(raw_path, raw)
            found = [(path, data)] if is_configuration(path, data) else [*examples(path, data)]
            for name, content in found:
                digest = hashlib.sha256(content).hexdigest()[:16]
                if digest in seen:
                    continue
                seen.add(digest)
                text = content.decode("utf-8", "replace")
                kind = kind_of(name, text)
                lines = text.count("\n")
                words = (archive.registry, archive.package, archive.version)
                yield Sample(*words, name, kind, digest, lines), content


def _plain(path: str, data: bytes) -> tuple[str, bytes]:
    """A compressed document as what it holds."""
    if path.endswith(".gz") and not path.endswith(".tar.gz"):
        try:
            with gzip.open(io.BytesIO(data)) as opened:
                return path.removesuffix(".gz"), opened.read(_MOST + 1)
        except (OSError, EOFError):
            return path, b""
    return path, data


def build(folder: Path = FOLDER) -> Corpus:
    """Fetch the packages that are not there yet, and write the samples and their index anew."""
    store = folder / "archives"

    def archives() -> Iterator[fetch.Archive]:
        yield from fetch.debian(packages.DEBIAN, store / "debian")
        yield from fetch.npm(packages.NPM, store / "npm")
        yield from fetch.pypi(packages.PYPI, store / "pypi")

    (folder / "files").mkdir(parents=True, exist_ok=True)
    rows = []
    for sample, content in chosen(archives()):
        (folder / "files" / sample.digest).write_bytes(content)
        rows.append(json.dumps(asdict(sample)))
    (folder / "index.jsonl").write_text("".join(row + "\n" for row in rows), "utf-8")
    return load(folder)


def load(folder: Path = FOLDER) -> Corpus:
    """The corpus that lies in a folder; empty where none was built."""
    index = folder / "index.jsonl"
    rows = index.read_text("utf-8").splitlines() if index.is_file() else []
    samples = []
    for row in rows:
        fields = json.loads(row)
        samples.append(Sample(**{**fields, "kind": Kind(fields["kind"])}))
    return Corpus(folder, tuple(samples))
