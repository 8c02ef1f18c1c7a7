"""Where exactly the number of a phone, a card or an account stands, and whether it is one."""

from __future__ import annotations

import re

_SEPARATORS = b" -"

# ISO 13616: the length of an IBAN in each country of the registry.
IBAN_LENGTHS = {
    code[:2]: int(code[2:])
    for code in (  # noqa: SIM905 - 78 of them are read more easily as words
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 "
        "DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 "
        "IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 "
        "MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 "
        "SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
    ).split()
}
_IBAN = re.compile(
    rb"[A-Z]{2}[0-9]{2}(?:[ .-]?[A-Z0-9]){11,30}|[a-z]{2}[0-9]{2}(?:[ .-]?[a-z0-9]){11,30}"
)

# Four groups and what is left, or the groups of American Express and Diners Club.
_CARD = re.compile(
    rb"[0-9]{4}([ -]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?(?![0-9A-Za-z_]|[.-][0-9])"
    rb"|3[0-9]{3}([ -]?)[0-9]{6}\2[0-9]{4,5}(?![0-9A-Za-z_]|[.-][0-9])"
)
# ISO/IEC 7812 issuer prefixes, as ranges of the first six digits, and the lengths they come in.
_ISSUERS = (
    (400000, 499999, (16, 19)),
    (510000, 559999, (16,)),
    (222100, 272099, (16,)),
    (340000, 349999, (15,)),
    (370000, 379999, (15,)),
    (300000, 305999, (14, 16, 19)),
    (309500, 309599, (14, 16, 19)),
    (360000, 369999, (14, 16, 19)),
    (380000, 399999, (14, 16, 19)),
    (352800, 358999, (16, 19)),
    (601100, 601199, (16, 19)),
    (644000, 659999, (16, 19)),
    (620000, 629999, (16, 19)),
    (810000, 817199, (16, 19)),
    (500000, 509999, (16, 19)),
    (560000, 589999, (16, 19)),
    (630000, 639999, (16, 19)),
    (670000, 679999, (16, 19)),
)
# Numbers of these lengths without blanks, or in a path, rather are ids: a name has to say so.
_LONG, _SHORT = 17, 14
_CARD_NAMED = re.compile(
    rb"card|\bpan\b|\bcc(?:_?(?:num|no|number))?\b|visa|master|amex|maestro|diners|kredit|payment",
    re.IGNORECASE,
)
_NAME_REACH = 60

_PHONE = re.compile(rb"\+[ (]{0,2}[1-9](?:(?:[ ./()-]|\xc2?\xa0){0,3}[0-9]){6,14}(?![0-9A-Za-z_=])")
_NATIONAL = re.compile(rb"\(?[0-9](?:(?:[ ./()-]|\xc2?\xa0){0,3}[0-9]){5,14}(?![0-9A-Za-z_=])")
# A country's code has three digits at most, so that this is no number of a phone with a dot in it.
_DECIMAL = re.compile(rb"\+[0-9]{4,}\.[0-9]+")
_LAST_GROUP = re.compile(rb"[^0-9]+[0-9]+\Z")
# Countries whose national forms are known behind a name; a number of others needs its `+`.
_REGIONS = (
    *("US", "GB", "DE", "FR", "IT", "ES", "NL", "BE", "AT", "CH"),
    *("PL", "SE", "DK", "IN", "AU", "BR", "JP", "CN", "MX", "ZA"),
)


def phone(text: bytes, start: int) -> tuple[int, int] | None:
    """The international phone number whose `+` stands at an offset."""
    found = _PHONE.match(text, start)
    written = found[0] if found and not _DECIMAL.fullmatch(found[0]) else b""
    # What follows a number may be digits, too; whole groups are left out until it is valid.
    while written:
        if _is_phone(written, None):
            return start, start + len(written)
        last = _LAST_GROUP.search(written)
        written = written[: last.start()] if last else b""
    return None


def named_phone(text: bytes, start: int) -> tuple[int, int] | None:
    """The national phone number that starts at an offset, behind a name such as `tel`."""
    found = _NATIONAL.match(text, start)
    if found is None:
        return None
    written = found[0]
    return found.span() if any(_is_phone(written, region) for region in _REGIONS) else None


def _is_phone(written: bytes, region: str | None) -> bool:
    import phonenumbers  # noqa: PLC0415 - heavy, and few texts have a candidate

    try:
        number = phonenumbers.parse(written.decode("latin-1"), region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def card(text: bytes, start: int) -> tuple[int, int] | None:
    """The card number that starts at an offset: an issuer's prefix and length, and Luhn's sum."""
    found = _CARD.match(text, start)
    if found is None or (text[start - 1 : start] == b"-" and text[start - 2 : start - 1].isdigit()):
        return None
    digits = found[0].translate(None, _SEPARATORS)
    prefix = int(digits[:6])
    if not any(low <= prefix <= high and len(digits) in lengths for low, high, lengths in _ISSUERS):
        return None
    is_bare = len(digits) == len(found[0])
    is_id = text[start - 1 : start] in {b"/", b"#"}
    if is_bare and (is_id or len(digits) >= _LONG or len(digits) <= _SHORT):
        line = text[max(0, start - _NAME_REACH) : start].rpartition(b"\n")[2]
        if _CARD_NAMED.search(line) is None:
            return None
    return found.span() if _luhn(digits) and len(set(digits)) > 1 else None


def _luhn(digits: bytes) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812-1, annex B."""
    values = [digit - 0x30 for digit in reversed(digits)]
    doubled = sum(sum(divmod(2 * value, 10)) for value in values[1::2])
    return (sum(values[::2]) + doubled) % 10 == 0


def iban(text: bytes, start: int) -> tuple[int, int] | None:
    """The IBAN that starts at an offset: its country's length, and ISO 7064 MOD 97-10."""
    found = _IBAN.match(text, start)
    if found is None:
        return None
    length = IBAN_LENGTHS.get(found[0][:2].decode().upper(), 0)
    kept, end = 0, start
    while kept < length and end < found.end():
        kept += text[end] not in b" .-"
        end += 1
    if not length or kept < length or text[end : end + 1].isalnum():
        return None
    written = text[start:end].translate(None, b" .-").decode()
    value = int("".join(str(int(char, 36)) for char in written[4:] + written[:4]))
    return (start, end) if value % 97 == 1 else None
