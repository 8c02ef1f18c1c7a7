"""Signs in a request's words: a whole new file, a part of one that exists, a place to hook it in.

None of them decides.  They are inputs of the head beside the embedding, which alone confuses a new
field with a new file.  English first; German and French as far as people mix them in.
"""

from __future__ import annotations

import re

# A thing that is a file, or files, of its own.
_WHOLE = (
    r"(?:back-?ends?|servers?|services?|apps?|applications?|projects?|packages?|modules?|scripts?"
    r"|skeletons?|daemons?|programs?|tools?|exporters?|workers?|gateways?|relay|prototypes?"
    r"|librar(?:y|ies)|files?|pages?|stylesheets?|snippets?|templates?|documents?|docs?|runbooks?|guides?|adr"
    r"|changelogs?|tutorials?|readme|unit files?|units?|timers?|sockets?|dockerfiles?|makefiles?"
    r"|workflows?|pipelines?|charts?|playbooks?|roles?|manifests?|migrations?|schemas?|specs?"
    r"|server blocks?|vhosts?|virtual hosts?|site configs?|configs?|configuration|conf|policy"
    r"|test (?:files?|modules?|suites?)|suites?|crates?|components?|plugins?|clients?|sdks?"
    r"|crons?|cron jobs?|generators?|blueprints?|routers?|dashboards?|sites?|proxy|folder|directory"
    r"|terraform|ansible|helm|compose|manifests?|simulators?|stubs?|themes?|forms?|profiles?|samples?"
    r"|flake|vagrantfile|caddyfile|licen[cs]e|glossary|collectors?|mockups?|mocks?"
    r"|collections?|robots\.txt|sitemaps?|editorconfig|logrotate"
    r"|skripte?|datei(?:en)?|modul|dienst|konfiguration|fichiers?|squelette|scripte?)"
)
# A thing that stands within a file.
_PART = (
    r"(?:headers?|origins?|timeouts?|limits?|fields?|values?|locations?|endpoints?|routes?|params?"
    r"|parameters?|directives?|lines?|functions?|methods?|class(?:es)?|constants?|variables?"
    r"|cookies?|columns?|keys?|flags?|options?|settings?|ports?|addresses?|address|names?|types?"
    r"|messages?|comments?|docstrings?|imports?|rules?|redirects?|checks?|validations?|ciphers?"
    r"|protocols?|tls|ssl|gzip|brotli|csp|cors|hsts|nonce|regex(?:es)?|expression|errors?|bugs?"
    r"|typos?|log levels?|levels?|title|buttons?|labels?|status|codes?|requirements?|length|size"
    r"|versions?|dependenc(?:y|ies)|upstreams?|cache|caching|etags?|test cases?|cases?|asserts?"
    r"|rate limit\w*|methods?|links?|entry|entries|retries|retry|workers?|zahl|wert|kopfzeile)"
)
_CREATE = (
    r"(?:creat\w*|generat\w*|scaffold\w*|bootstrap\w*|draft|writ(?:e|ing)|author|build|produce"
    r"|compose|design|prototype|sketch|spin up|stand up|whip up|put together|set up|start|begin"
    r"|make|give me|lay down|launch|come up with|derive|introduce|provide|need|want|add|new"
    r"|anlegen|erstell\w*|schreib\w*|cr[ée]er|g[ée]n[ée]rer|[ée]crire)"
)
_EDIT = (
    r"(?:change|chang\w*|set|raise|lower|increase|decrease|bump|pin|turn|switch|swap|replace|rename"
    r"|remove|delete|drop|disable|enable|allow|deny|block|reject|accept|fix|correct|repair|mend"
    r"|tighten|loosen|relax|harden|refactor|rework|rewrite|simplify|tidy|clean|dedupe|move|reorder"
    r"|revert|restore|undo|update|upgrade|downgrade|adjust|adapt|tweak|extend|restrict|limit|stop"
    r"|redirect|return|answer|respond|log|cache|expose|listen|require|validate|convert|shorten"
    r"|rotate|serve|use|let|should|must|ought|instead of|rather than|no longer|wrong|too (?:small"
    r"|large|lax|strict|long|short|high|low|big)|ändern?|setzen|entfernen|ausschalten|erhöhen?"
    r"|modifier|changer|supprimer|remplacer|ajouter|ergänzen|ersetzen)"
)
_HOOK = (
    r"(?:includ\w+|import\w*|regist\w+|mount\w*|wir(?:e|ed|ing)|hook\w*|link(?:ed)? (?:it|from|to)"
    r"|link it|referenc\w+|point\w*|pull (?:it|them|that)? ?in\w*|teach|mention\w*|call(?:s|ed)? it"
    r"|load (?:it|them)|uses? (?:it|them|that)|switch\w* \w+ \w+ (?:code )?(?:over )?to"
    r"|hang it|plug\w*|proxied (?:to|from)|replac\w+|depends? on|load(?:s|ed)? (?:that|at|by|from)"
    r"|(?:calls?|runs?|uses?|reads?|serves?|routes? to|links?|verlinkt|makes? use of) "
    r"(?:it|them|that|this|these|those|the script)"
    r"|reading it|leaving|entry for|slimmed|afterwards|goes with|enabl(?:e|ing) it"
    r"|have \S+ (?:accept|use|call|load)|einbinden|einhängen"
    r"|inclu(?:re|s)|brancher)"
)
_NEWNESS = (
    r"(?:new|brand[- ]new|fresh|separate|own|standalone|another|second|blank|neue[srn]?|nouve\w+)"
)
_FEW = r"(?:[\w.,/'-]+ ){0,%d}?"

_SIGNS: tuple[tuple[str, str], ...] = (
    ("creates", rf"\b{_CREATE}\b"),
    (
        "creates first",
        (
            rf"^(?:\W*(?:please|pls|hey|can you|could you|i'd like(?: you to)?|bitte)\W+)?"
            rf"(?:to )?{_CREATE}\b"
        ),
    ),
    ("creates a file", rf"\b{_CREATE} (?:me |us |up )?{_FEW % 4}{_WHOLE}\b"),
    ("a new file", rf"\b{_NEWNESS} {_FEW % 3}{_WHOLE}\b"),
    ("creates a part", rf"\b{_CREATE} (?:me |us |up )?{_FEW % 3}{_PART}\b"),
    ("a new part", rf"\b{_NEWNESS} {_FEW % 2}{_PART}\b"),
    (
        "in a file of its own",
        (
            r"\b(?:of (?:its|their|his) own|extract|carve|factor \w+ ?\w* ?\w* out"
            r"|split off|spin off|break \w+ apart|(?:its|their) own (?:\w+ )?"
            r"(?:file|module|folder|package|snippet|name)|(?:in|into|to|out into) an? (?:\w+ )?"
            r"(?:file|module|folder|package|snippet|router|template|include))\b"
        ),
    ),
    (
        "a blank page",
        (
            r"\b(?:from (?:scratch|zero|nothing)|scaffold\w*|skeleton|boilerplate|bootstrap\w*"
            r"|greenfield|first pass|first draft|blank|starter|starting point|prototype|squelette"
            r"|nothing exists|there is (?:none|no)"
            r"|(?:we|i) (?:have|do(?:n't| not) have) (?:no|an|any)"
            r"|does not exist|doesn't exist|none yet|not yet|initial structure)\b"
        ),
    ),
    ("edits", rf"\b{_EDIT}\b"),
    ("edits first", rf"^(?:\W*(?:please|pls|hey|can you|could you|bitte|just)\W+)?{_EDIT}\b"),
    ("a part", rf"\b{_PART}\b"),
    ("a whole", rf"\b{_WHOLE}\b"),
    ("hooks in", rf"\b{_HOOK}\b"),
    ("and then edits", rf"\b(?:and|then|plus|also|;)\W+{_FEW % 5}(?:{_EDIT}|{_HOOK})\b"),
    ("and", r"\b(?:and|then|plus|also|both|und|et)\b|;"),
    (
        "what exists",
        (
            r"\b(?:existing|present|current|already|we have|the one|everywhere|in place"
            r"|we use|what remains|the main one)\b"
        ),
    ),
    (
        "leave the rest",
        (
            r"\b(?:do not|don't|without) (?:touch\w*|chang\w*|edit\w*|modif\w*)"
            r"|\bleave .{1,40} (?:as it is|alone)|\bnobody (?:includes|uses|imports)|\bside by side"
            r"|\bi'll \w+ it"
            r"|\bnothing (?:else|includes)|\bonly that file|\bnot yet (?:mounted|included|used)"
        ),
    ),
    (
        "create nothing",
        (
            r"\b(?:do not|don't|without|no need to) (?:creat\w*|add\w*|new)|\bsame file\b"
            r"|\bno new files?\b"
        ),
    ),
    (
        "asks",
        (
            r"^\W*(?:why|what|which|who|how|when|where|is|are|does|do you|can|was|warum|wie"
            r"|pourquoi|explain|show me|tell me|look at|describe)\b|\?\s*$"
        ),
    ),
    (
        "next to a source",
        (
            r"\b(?:from|based on|model\w* on|like|covering|after|reads?|turn|port|for|of|take"
            r"|compile|what|copy of|document|against|test) (?:the |our )?the existing file\b"
        ),
    ),
    (
        "into a target",
        (
            r"\b(?:in|into|to|on|it in|from within|inside|edit|adjust|update|make|change|have) "
            r"the existing file\b"
        ),
    ),
    (
        "a backend for a client",
        (
            r"\b(?:back-?ends?|servers?|server (?:side|half|part)|api|counterpart|service) "
            r"(?:out )?(?:for|from|to|behind|of|matching|based on) (?:the |our |this |that |a )?"
            r"(?:existing file|(?:[\w-]+ )?(?:client|front-?end|tracker|script))\b"
        ),
    ),
    (
        "a first pass",
        r"\b(?:nginx|proxy|backend|config\w*|site)[ -](?:first[ -]pass)\b|\bfirst[ -]pass\b",
    ),
    (
        "changes only the copy",
        (
            r"\b(?:copy|clone|duplicate)\b.{1,80}\bthe new file\b"
            r".{1,60}\b(?:there|in (?:it|the copy|that (?:one|copy)|the new (?:file|one)))\b"
        ),
    ),
)
SIGNS = tuple(name for name, _ in _SIGNS)
"""The names of the signs, in the order of `signs`."""
_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for _, pattern in _SIGNS)


def signs(text: str) -> tuple[bool, ...]:
    """Which of the `SIGNS` a text shows; its files stand in it as `the existing/new file`."""
    return tuple(pattern.search(text) is not None for pattern in _PATTERNS)


def shown(text: str) -> frozenset[str]:
    """The names of the signs that a text shows."""
    return frozenset(name for name, shows in zip(SIGNS, signs(text), strict=True) if shows)


def is_twofold(text: str) -> bool:
    """Whether a text asks for a whole new thing, and then for something in a file that exists.

    Its files stand in it as for `signs`.
    """
    return _TWOFOLD.search(text) is not None


def is_asking(sentence: str) -> bool:
    """Whether a sentence has a word for creating or for editing."""
    return _ASKING.search(sentence) is not None


_ASKING = re.compile(rf"\b(?:{_CREATE}|{_EDIT})\b", re.IGNORECASE)
_BUILD = (
    r"(?:scaffold\w*|generat\w*|bootstrap\w*|build|write|draft|creat(?:e|ing)|prototype|derive"
    r"|spin up|stand up|put together)"
)
_TWOFOLD = re.compile(
    rf"\b{_BUILD} (?:me |us )?{_FEW % 4}{_WHOLE}\b.{{0,120}}?"
    rf"(?:\b(?:and|then|plus|also)|;)\W+(?:{_CREATE}|{_EDIT}|{_HOOK})\b"
    r"(?: [\w/'-]+){0,7} (?:in|into|to|on) the existing file\b",
    re.IGNORECASE,
)
