"""The vocabulary of requests for a server block: what announces a name, and what is on or off."""

from __future__ import annotations

import re
from enum import Enum, auto

from workflow.providers.offline.first_pass.asked import Flag


class Cue(Enum):
    """What the next name is about."""

    TARGET = auto()
    FRONT = auto()
    NAME = auto()
    CORS = auto()
    CSP = auto()
    AUTH = auto()
    EXCEPT = auto()
    LISTEN = auto()
    TIMEOUT = auto()
    BODY = auto()


def _words(pattern: str) -> re.Pattern[str]:
    spaced = pattern.replace(" ", r"\s+")
    return re.compile(rf"(?<![\w/.-])(?:{spaced})(?![\w/-])", re.IGNORECASE)


NO = (
    r"(?:no|not|without|skip(?:ping)?|omit(?:ting)?|drop|leave out|never|don't|do not|disabled?)"
    r"(?: (?:any|the|an?|use|add|send|set|enable|needs?|wants?|requires?|ask|asks"
    r"|for|be|behind))*"
)

CUES = (
    (
        Cue.TARGET,
        _words(
            r"(?:app(?:lication)?|backend|service|upstream|api|uvicorn|gunicorn|it|that|which)"
            r" (?:is )?(?:listens|listening|runs|running)(?: (?:on|at))?|proxy_pass"
        ),
    ),
    (Cue.TIMEOUT, _words(r"(?:(?:proxy_)?(?:read|send|connect)[_ ])?timeouts?")),
    (
        Cue.FRONT,
        _words(
            r"(?:behind|trust(?:ed|ing|s)?)(?: (?!prox)[\w-]+){0,3} prox(?:y|ies)(?: (?:at|on))?"
            r"|prox(?:y|ies) (?:at|in front|from)|trust(?:ed|ing|s)?|set_real_ip_from"
            r"|real (?:(?:client|visitor)(?:'s)? )?(?:ips?|address(?:es)?)(?: from)?"
            r"|load[- ]balancers?|behind|in front(?! of)"
        ),
    ),
    (
        Cue.CSP,
        _words(
            r"csp|content[- ]security[- ]policy|[a-z]+-src(?:-elem|-attr)?|frame-ancestors"
            r"|form-action|scripts?|javascript|styles?|stylesheets?|css|images?|img|pictures?|fonts?"
            r"|connect(?:s|ions?)?|i?frames?|media|videos?|audio|cdn|framed|embed(?:ded|ding)?"
            r"|fetch(?:es)?|xhr|forms?"
        ),
    ),
    (Cue.CORS, _words(r"cors|cross-origin|origins?")),
    (
        Cue.EXCEPT,
        _words(
            rf"{NO} (?:protect|guard|secure)|except(?: for)?|but not|excluding|apart from"
            r"|other than|not on"
        ),
    ),
    (
        Cue.AUTH,
        _words(
            r"(?:http )?basic auth(?:entication)?|auth_basic|auth_request|auth(?:entication"
            r"|orization|enticated?|entik|elia)?|log-?in|protect(?:ed|s|ing)?|passwords?|sso"
            r"|forward auth|oauth2?(?:-proxy)?|htpasswd"
        ),
    ),
    (Cue.LISTEN, _words(r"listen(?:s|ing|er|ers)?")),
    (
        Cue.TARGET,
        _words(
            r"upstreams?|backends?|(?:reverse[- ])?prox(?:y|ies|ying|ied)|forward(?:s|ed|ing)?"
            r"|pass(?:es|ed|ing)?|in front of|app(?:lication)?|uvicorn|gunicorn|service|runs"
            r"|running|routed?|goes|sent"
        ),
    ),
    (
        Cue.BODY,
        _words(
            r"(?:request )?bod(?:y|ies)|uploads?|limit(?:ed|s)?|max(?:imum)?|client_max_body_size"
            r"|size|at most|up to|payloads?"
        ),
    ),
    (
        Cue.NAME,
        _words(r"for|server_names?|named|called|sites?|hosts?|domains?|vhosts?|serving|serves"),
    ),
)

_HTTP3 = r"(?:quic/)?http/?3|h3|quic"
_HTTP2 = r"http/?2|h2"
_TLS = r"tls|ssl|https|certificates?"
_AUTH = r"auth(?:entication|orization)?|log-?in|passwords?"
_OFFABLE = (
    (Flag.HTTP3, _HTTP3),
    (Flag.HTTP2, _HTTP2),
    (Flag.HSTS, r"hsts|strict-transport-security"),
    (Flag.GZIP, r"gzip|compression"),
    (Flag.CSP, r"csp|content-security-policy"),
)
_ANY = "|".join(pattern for _, pattern in _OFFABLE)
OFF = tuple(
    (
        flag,
        _words(
            rf"{NO} (?:(?:{_ANY}) (?:or|nor|and) (?:no |without )?)*(?:{pattern})"
            rf"(?! for json)|(?:{pattern}) (?:is |are )?(?:off|disabled)(?! for json)"
        ),
    )
    for flag, pattern in _OFFABLE
)
PLAIN = _words(
    rf"plain http|http only|http-only|plaintext http|{NO} (?:{_TLS})"
    r"|(?:tls|ssl|https) (?:is )?(?:already )?(?:terminat\w+|done|handled|offloaded|ends)"
    r"(?: (?:is|at|by|in|on|the|a|an|it|already|upstream|reverse|front|outer|load|balancer|proxy"
    r"|edge|before|in front|elsewhere|cloudflare))*"
)
SECURE = _words(r"tls|ssl|https|certificates?|certs?|let'?s encrypt|letsencrypt")
ON = (
    (Flag.SUBDOMAINS, _words(r"(?:with |and |including |includes? )?(?:all )?sub-?domains")),
    (Flag.PRELOAD, _words(r"(?:with |and )?preload")),
    (
        Flag.REDIRECT,
        _words(
            r"redirect(?:s|ing|ed)?(?: (?:all|plain|from|port|http|80|requests?|traffic))*"
            r"(?: (?:to|on) https)?"
        ),
    ),
    (
        Flag.OPEN,
        _words(
            r"(?:everything(?: else)?|(?:the )?rest|(?:all|any) (?:other )?(?:paths?|requests?"
            r"|traffic|else)|(?:the )?(?:whole|entire) (?:site|app|host))"
            r"(?: (?:is|goes|are|go|proxied|proxying|passed|sent|forwarded))* to"
            r"|prox(?:y|ies|ying|ied)(?: (?:everything|all|it|requests?|traffic))* (?:to|for)"
            r"|reverse[- ]proxy (?:to|for)"
        ),
    ),
    (
        Flag.PROXIED_HEALTH,
        _words(r"(?:proxied|backend(?:'s)?|upstream(?:'s)?|app(?:'s)?) health[- ]?checks?"),
    ),
    (Flag.PROXY_PROTOCOL, _words(r"proxy[ _]protocol")),
    (
        Flag.EDGE,
        _words(
            rf"{NO} (?:reverse[- ])?proxy in front|nothing in front|at the edge|on the edge"
            r"|internet-facing|directly (?:on|facing|exposed to|at) the internet|edge server"
        ),
    ),
)
CLOSED = _words(
    r"(?:nothing else|404 (?:for|on) (?:everything|anything|all|the rest)(?: else)?"
    r"|(?:everything|anything|all|the rest)(?: else)?"
    r"(?: (?:is|are|gets?|answers?|returns?|with|a))* (?:404|refused|denied|not found)"
    r"|only these(?: paths)?|(?:exposes?|exposing|serves?) (?:only|just|nothing but)"
    r"|only (?:exposes?|serves?))"
)
# Said of the health check, it is what every draft has, and asks for no guard of the site.
UNGUARDED = _words(
    rf"(?:that |which |it |must |should )*(?:bypass(?:es|ing)?|skips?|is exempt from|open|outside"
    rf"|free of|{NO}) (?:to be |being )?(?:the |any |behind )*(?:{_AUTH})"
    r"|(?:must |should |has to )?(?:stays?|remains?|kept|keeps?) (?:open|public)"
)
JSON = _words(
    r"(?:gzip|compression) (?:is |turned )?(?:off|disabled) for (?:the )?json"
    r"(?: answers| responses)?"
    rf"|{NO} (?:gzip|compress(?:ion|ing)?)(?: (?:of|on|for))* json(?: answers| responses)?"
    rf"|json (?:is |are |must |should |answers |responses )*{NO} (?:be )?"
    r"(?:gzipp?(?:ed)?|compressed)"
)
WEBSOCKET = _words(r"web[- ]?sockets?|ws")
CLIENT_HEADER = re.compile(
    r"\b(?:X-Real-IP|CF-Connecting-IP|True-Client-IP|X-Forwarded-For|Fastly-Client-IP)\b",
    re.IGNORECASE,
)
FRAMES = re.compile(
    r"\bX-Frame-Options(?:\s+(?:to|of|is|set|=|:))*(?:\s+(?P<value>DENY|SAMEORIGIN))?\b",
    re.IGNORECASE,
)
POLICY = re.compile(
    r"\b(?:csp|content-security-policy)(?:\s+(?:of|is|to|header|set|:|=))*\s*:?\s*\"(?P<value>[^\"]{1,1000})\"",
    re.IGNORECASE,
)
LIST = re.compile(r"(?:\s|,|\band\b|\bor\b|&|[\"'`])*")
_NEGATIONS = (
    "no not without never don't dont except excluding nor cannot can't skip omit disable"
    " deny denied denies forbid forbidden restrict restricted whitelist allowlist blocklist"
)
NEGATIONS = frozenset(_NEGATIONS.split())
KINDS = (
    ("script-src", r"scripts?|javascript|script-src"),
    ("style-src", r"styles?|stylesheets?|css|style-src"),
    ("img-src", r"images?|img|pictures?|img-src"),
    ("font-src", r"fonts?|font-src"),
    ("connect-src", r"connect(?:s|ions?)?|fetch(?:es)?|xhr|connect-src"),
    ("frame-src", r"i?frames?|frame-src"),
    ("media-src", r"media|videos?|audio|media-src"),
    ("frame-ancestors", r"framed|embed(?:ded|ding)?|frame-ancestors"),
    ("form-action", r"forms?|form-action"),
    ("worker-src", r"workers?|worker-src"),
)
# Words that ask for what every first pass has, or that only hold a sentence together.
_KNOWN = """
a about accept accepts add address addresses all allow allowed allowing allows also an and
answer answers any api app application are as ask asks at auth backend backends based basic be
before behind block blocks bodies body both brand-new browser browsers but by bypass bypasses
byte bytes can cert certificate certificates certs check checks client comment commented
comments compression config configuration connect connection connections content content-
content-type cors could create csp default deploy directory domain draft drafts drop drop-in
each else enabled encrypt endpoint endpoints every everything everywhere explain explained
expose exposes fastapi file files first first-pass folder font fonts for frame frames fresh from
front full generate get give given good gunicorn gzip h2 h3 has have header headers health
healthcheck hello help hi host hosts hsts http http/1 http/2 http/3 http2 http3 https i if image
images in in-front include includes including incoming into is it it's its json json's just key
keys kind let let's letsencrypt like limit limited limits line line-by-line listen listening
listens lives localhost located location locations login make max maximum may me methods minute
minutes most must my name named names need needs new nginx nginx-first-pass nosniff of off on
one only open or origin origins our over page pages pass password passwords path paths per
permissions permissions-policy permit please plus policy port ports private production
production-ready proper protect protected prox proxied proxies proxy proxying public put quic
quic/http/3 rate reach read read-timeout ready real referrer referrer-policy repo repository
request requests require required requires responses reverse reverse-proxy route routes run
running runs s scaffold script scripts second seconds secure security security-policy send sends
serve served server server_name servers serves service service's serving set sets should shown
simple site sits size sizes small so something source sources ssl sso stands start starting
static-free stay strict style styles support supports system take talk thank thanks that the
their them then there these they things this timeout timeouts tls tls1.3 to together too traffic
trust trusted up upload uploads upstream upstreams use used uses using uvicorn vhost via virtual
visitor visitors want wants way we web website websocket websockets when where which who whole
will with would write x-content-type-options you your
"""
KNOWN = frozenset(_KNOWN.split())
