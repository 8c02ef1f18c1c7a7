"""Where the rules of `commands` may apply: their patterns for hyperscan."""

from __future__ import annotations

from workflow.redaction.structural import commands as of
from workflow.redaction.structural.names import STEMS
from workflow.redaction.structural.rule import Rule

_STEM = rb"(?:" + STEMS.encode() + rb")"
# What may stand before a line that is quoted, commented out or part of a diff.
_MARGIN = rb"^[ \t#;/*+>|-]*"
_COMMANDS = (
    rb"sshpass|smbpasswd|unzip|zip|docker[ \t]+login|podman[ \t]+login|az[ \t]+login|"
    rb"helm[ \t]+registry[ \t]+login|mongo(?:sh|dump|restore)?|redis-cli|"
    rb"ldap(?:search|add|modify|passwd|whoami)|mosquitto_(?:pub|sub)|sqlcmd|bcp|ipmitool"
)
# These take the value only without a blank: behind one, `-p` is something else.
_JOINED = (
    rb"mysql(?:dump|admin)?|mariadb(?:-dump|-admin)?|7z[arz]?|rar|wget|rclone|cryptsetup|snmp\w*"
)
_DIRECTIVES = (
    rb"requirepass|masterauth|bindpw|rootpw(?:[ \t]+--\w+)*|rootbindpw|olcRootPW:|auth_pass|"
    rb"insecure-password|"
    rb"ssl_passphrase|enable[ \t]+(?:secret|password)(?:[ \t]+[0-9])?|AuthLDAPBindPassword|"
    rb"SSLPassPhrase|tls-key-password|rocommunity6?|rwcommunity6?|SESSION_SECRET|"
    rb"neighbor[ \t]+\S+[ \t]+password|snmp-server[ \t]+community|"
    rb"username[ \t]+\S+[ \t]+(?:privilege[ \t]+\d+[ \t]+)?(?:password|secret)(?:[ \t]+[0-9])?"
)
_SETTERS = (
    rb"ENV|ARG|SetEnv|setenv|set|env|fastcgi_param|uwsgi_param|scgi_param|proxy_set_header|"
    rb"add_header|grpc_set_header|more_set_headers|RequestHeader[ \t]+set|"
    rb"http-request[ \t]+set-header|auth|define|set-var|map|setq|defvar|defconst"
)

RULES = (
    Rule(
        rb"(?:password|passwd|passphrase|passwort|token|secret|api[ _-]?key|key|pin|credentials?|"
        rb"seed|cookie|id|[ _-]pat)\**[ \t]*[:|=]?[ \t]*\**[ \t]*\|?[ \t]*`",
        of.ticked,
        caseless=True,
    ),
    Rule(
        _MARGIN
        + rb"[^\s#=:;{]+[ \t]+(?:\*|[a-z][\w.-]*)[ \t]+(?:\"[^\"\n]+\"|[^\s\"]+)[ \t]+(?:\*|"
        rb"\d+\.\d+\.\d+\.\d+)\s",
        of.chap,
        multiline=True,
    ),
    Rule(rb"\t(?:TRUE|FALSE)\t\d+\t[^\t\n]+\t", of.jar),
    Rule(rb"\buser[ \t]+\S+[ \t]+on[ \t]+[^\n>]*>", of.login),
    Rule(_MARGIN + rb"[\w.@-]+:[./0-9A-Za-z]{13}\s", of.crypt, multiline=True),
    Rule(rb"unseal key \d+:[ \t]*", of.directive, caseless=True),
    Rule(
        rb"-[\w-]*" + _STEM + rb"[\w-]*(?:[ \t]+[^\s]|[\"'],[ \t]*[\"'])",
        lambda s, a: of.option(s, a - 1),
        caseless=True,
    ),
    Rule(
        rb"\b(?:" + _COMMANDS + rb"|" + _JOINED + rb")\b[^\n|;&]*[ \t]-[pPawY][^\s-]",
        lambda s, a: of.command(s, a - 1),
    ),
    Rule(
        rb"\b(?:" + _COMMANDS + rb")\b[^\n|;&]*[ \t]-[pPaw][ \t]+[^\s-]",
        lambda s, a: of.command(s, a - 1),
    ),
    Rule(
        rb"\b(?:curl|http|https|wget|smbclient|rpcclient|net|xh|ab)\b[^\n|]*[ \t](?:-u|-U|-a|"
        rb"--user|--auth|--proxy-user|-x)[ \t=]*",
        of.user,
    ),
    Rule(rb"secret[ \t]+set[ \t]+[\w-]+[ \t]+(?:--body|-b)[ \t=]+", of.directive),
    Rule(rb"(?:password|passphrase|token|secret|key)[ \t]+\"", of.spoken, caseless=True),
    Rule(rb"basic_?auth\(\s*['\"][^'\"\n]*['\"],\s*['\"]", of.statement, caseless=True),
    Rule(rb"-pass(?:in|out)?[ \t]+pass:", of.directive),
    Rule(
        _MARGIN + rb"(?:" + _DIRECTIVES + rb")[ \t]+",
        of.directive,
        caseless=True,
        multiline=True,
    ),
    Rule(
        rb"^[ \t]*[#(]?[ \t]*(?:"
        + _SETTERS
        + rb")(?:[ \t]+-\w+)*(?:[ \t]+|\()[\"']?[$]?[\w.-]*"
        + _STEM
        + rb"[\w-]*[\"']?[ \t]+(?:Bearer[ \t]+|[\"'](?:Bearer|Basic|Token)[ \t]+)?[^\s=]",
        lambda s, a: of.last(s, a - 1),
        caseless=True,
        multiline=True,
    ),
    Rule(
        _MARGIN + rb"(?:login|user|machine|default|insecure-password)[ \t]+[^\n]+[ \t](?:password|"
        rb"insecure-password|passwd)[ \t]+",
        of.login,
        multiline=True,
    ),
    Rule(
        _MARGIN + rb"(?:password|passwd|secret|pass|keypass|password-hash|key)[ \t]+[^\s=:;{]",
        lambda s, a: of.last(s, a - 1),
        multiline=True,
    ),
    Rule(rb"stats[ \t]+auth[ \t]+[^\s:]+:", of.login),
    Rule(
        rb"(?:identified[ \t]+(?:with[ \t]+[\w\"'`]+[ \t]+)?(?:by|as)|password(?:[ \t]+for[ "
        rb"\t]+[\w@'%\".`]+)?[ \t]*=?|password[ \t]*\(|with[ \t]+password[ \t]*=?|secret|"
        rb"encrypted[ \t]+password)[ \t]*'",
        of.statement,
        caseless=True,
    ),
    Rule(
        rb"(?:password|passwd|passphrase|passwort|token|secret|key|pin|pwd|credentials?|cookie)"
        rb"(?:[ \t]+(?:for|of|to)[ \t]+[\w.@-]+)?[ \t]+(?:is|was|are|from|ist|lautet|equals)"
        rb"[ \t]*:?[ \t]+",
        of.said,
        caseless=True,
    ),
    Rule(_MARGIN + rb"[\w.*-]+:(?:\d+|\*):[^:\s\n]+:[^:\s\n]+:", of.pgpass, multiline=True),
    Rule(_MARGIN + rb"\[?[\w-]+\.[\w.-]+\]?(?::\d+)?[ \t]+[\w.@+-]+:", of.mail, multiline=True),
)
