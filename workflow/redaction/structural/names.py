"""Which names say that their value is secret: `DB_PASSWORD` and `apiKey`, not `token_type`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from workflow.redaction.interface import Kind


def words(text: str) -> frozenset[str]:
    """The words of a table that is written as text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Name:
    """A name that speaks of a secret.

    `is_sure`: any literal below it counts.  Otherwise only one that looks random does.
    """

    kind: Kind
    is_sure: bool
    words: frozenset[str]


_NAMES = (
    r"pass_?words?|passwds?|pwd|pass_?phrases?|pass_?codes?|passwort|kennwort|kennung_?pw|"
    r"contrasen(?:n|y)?a|contrase\w{1,2}a|mot_?de_?passe|mdp|senha|parola|wachtwoord|heslo|"
    r"psk|pre_?shared_?keys?|require_?pass|master_?auth|root_?pw|bind_?pw|user_?pw|"
    r"pass|pw"
)
_KEY_OF = (
    r"api|app|application|access|secret|private|priv|client|auth|authentication|sign|signing|"
    r"encrypt|encryption|encrypted|decrypt|decryption|crypt|crypto|master|account|shared|"
    r"shared_?access|hmac|deploy|license|licence|storage|service|session|server|host|host_?policy|"
    r"jwt|rsa|dsa|ecdsa|ed25519|aes|des|ssh|ssl|tls|pgp|gpg|cipher|recovery|root|admin|"
    r"integration|ingest|write|read|subscription|primary|secondary|consumer|merchant|publishable|"
    r"webhook|cookie|token|validation|verification|function|instrumentation|wallet|bot|user|"
    r"device|project|stripe|sendgrid|mailgun|openai|anthropic|aws|azure|gcp|google|maps"
)
_TOKEN = (
    rf"secrets?|tokens?|(?:{_KEY_OF})_?keys?(?:_?(?:data|base64|b64|pem|hex))?|jwt|"
    r"bearer|credentials?|creds|mnemonic|seed_?phrases?|erlang_?cookie|auth_?codes?|tsig|geheimnis|jeton"
)
_MAYBE = (
    r"auth|authorization|authorisation|auth_?data|auth_?string|cookies?|set_?cookie|"
    r"sess(?:ion)?(?:_?ids?)?|sess_?id|sid|j?session_?id|phpsessid|connect_?sid|"
    r"salt|pepper|sig|(?:amz|goog|request)_?signature|hmac|otp|totp|pin|cvv|webhook(?:_?urls?)?|hook_?url|"
    r"dsn|connection_?strings?|conn_?str(?:ing)?|sas|key|keys|pat|digest_?auth|nonce_?key|"
    r"seed|clave|mfa|community|code_?verifier|x_?amz_?credential|ticket"
)
_COOKIE = re.compile(r"cookie|sess|sid")
_FIND = re.compile(
    rf"(?:^|_)(?:(?P<id>(?:private|access|secret|api)_?key_?id)|(?P<password>{_NAMES})|(?P<token>{_TOKEN})|(?P<maybe>{_MAYBE}))(?=_|$)"
)
_JOINED = re.compile(
    r"(?:^|_)(?:(?:db|dn|my|user|admin|smtp|ldap|ssh|ftp|root|mail|http|proxy|key|store|vnc|mysql|pg)"
    r"(?P<short>pass|pw))(?=_|$)|"
    r"[a-z0-9](?:(?P<password>passwords?|passwd|passphrase|passwort|pwd)|"
    r"(?P<token>secret|tokens?|apikey|accesskey|secretkey|privatekey))(?=_|$)"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\x80-\xff]+|[0-9]+")

# What follows the secret word and makes the name one of something else.
_ABOUT = words(
    "len length min max minimum maximum count limit size num number field fields file files "
    "filename path paths dir directory folder url uri urls endpoint name names type types kind "
    "hint hints policy policies regex regexp re pattern patterns validator validators validation "
    "label labels prompt prompts help text texts title description desc message messages msg "
    "error errors err exception warning expires expiry expire expired expiration ttl timeout age "
    "lifetime duration days seconds format formats header headers param params parameter "
    "parameters arg args reset required enabled disabled enable disable allowed class classes "
    "style css input inputs form forms placeholder placeholders column columns attr attribute "
    "attributes store storage manager provider providers algorithm algorithms alg algo method "
    "methods mode modes version versions encoding charset chars alphabet ref refs reference "
    "references selector source sources location locations strength complexity complexities "
    "history rotation rotate rotated at date time timestamp created updated changed modified "
    "index idx id ids pos position start end offset prefix suffix separator sep list map dict "
    "set func function fn callback handler cb factory builder helper util utils test tests "
    "tester required bytes bits lines line scope scopes usage used uses visible visibility "
    "issuer audience group groups role roles status state states info details object objects "
    "request response requests responses exists present valid invalid validity check checks "
    "checker generator gen parser parse scanner scan stream streams table string_literal "
    "backend backends service services server servers host hosts domain port ports cmd command "
    "limits color colors data strings cost price budget window per rate iterations rounds hasher "
    "hashers context ctx env "
    "variable var vars option options opt flag flags model models view views page pages "
    "link links button icon image images template templates language lang locale"
)
# What precedes it and does the same.
_NOT_OF = words(
    "public pub existing external max min num n no not has is are use uses using used forgot "
    "forgotten reset change "
    "show hide toggle remember confirm require requires required without with_no allow allows "
    "enable disable missing invalid eos bos pad unk mask sep cls special prompt completion total "
    "input output next prev previous page continuation sync foreign primary_key sort partition "
    "cache lookup dict map row column hot short lock license_type verify validate check clear "
    "recv send list export import search delete remove revoke rotate generate create make parse "
    "get fetch read load find ask"
)


# A longer name is none, but a piece of encoded data that holds such a word by chance.
_LONGEST = 64


@lru_cache(maxsize=65536)
def classify(name: bytes) -> Name | None:
    """What `name` says of its value; None where it says nothing about secrets."""
    if len(name) > _LONGEST:
        return None
    parts = [w.lower() for w in _WORD.findall(name.decode("latin-1"))]
    joined = "_".join(parts)
    last = None
    for match in _FIND.finditer(joined):
        last = match
    found = last or _JOINED.search(joined)
    if found is None:
        return None
    after = joined[found.end() :].strip("_").split("_")
    before = joined[: found.start()].strip("_").split("_")
    if not _ABOUT.isdisjoint(after) or before[-1] in _NOT_OF or before[0] in _NOT_OF:
        return None
    kind = Kind.TOKEN
    if found.lastgroup in {"password", "short"}:
        kind = Kind.PASSWORD
    elif found.lastgroup == "maybe" and _COOKIE.search(found[0]):
        kind = Kind.COOKIE
    elif "private" in found[0] and "key" in found[0]:
        kind = Kind.PRIVATE_KEY
    return Name(kind, found.lastgroup not in {"maybe", "id"}, frozenset(parts))


# Literals one of which every name holds that `classify` knows: for the prefilter.
STEMS = (
    r"passw(?:or)?[dt]|passphrase|pass|pwd|pw|passcode|kennwort|contrase|mot_?de_?passe|mdp|senha|"
    r"parola|wachtwoord|heslo|psk|secret|token|key|[-_]pat|jwt|bearer|cred|mnemonic|geheimnis|jeton|auth|"
    r"cookie|sess|sid|salt|pepper|sig|(?:amz|goog|request)_?signature|hmac|otp|pin|cvv|webhook|hook_?url|dsn|"
    r"connection_?string|conn_?str|sas|hash|seed|clave|mfa|verifier|credential|ticket|licen[sc]e"
)
