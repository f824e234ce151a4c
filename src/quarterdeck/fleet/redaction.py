"""What looks like a secret, made unreadable. The last gate before text is kept in a file: a secret should never have
come that far.

Every masked character becomes one `*`, so that what stands around it stays where it is.
"""

from __future__ import annotations

import re

from quarterdeck.fleet.text import clean

MASK = "*"

_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client[_-]?secret|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|"
    r"shared[_-]?access[_-]?key|shared[_-]?access[_-]?signature|connection[_-]?string|auth[_-]?token|access[_-]?token|"
    r"refresh[_-]?token|id[_-]?token|token|credential|sas"
)
_SECRETS = (
    # HTTP: `Authorization: Bearer eyJ...`, `Authorization: Basic dXNlcjpw...`
    re.compile(r"(?i)\b(?:bearer|basic|sharedkey|hmac-sha256)\s+(?P<secret>[A-Za-z0-9._~+/=:-]{8,})"),
    # `password=...`, `"client_secret": "..."`, `AccountKey=...;`, `FLAGS_CONNECTION_STRING=Endpoint=...`
    re.compile(
        rf"(?i)(?<![A-Za-z0-9])(?:[A-Za-z0-9]+[_-])*(?:{_NAMES})[\"']?\s*(?:=|:(?!\s*$))\s*[\"']?"
        r"(?P<secret>[^\s\"',;&)}\]*][^\s\"',&)}\]]*)"
    ),
    # `Endpoint=https://...;Id=...;Secret=...`: the connection string of App Configuration, whole
    re.compile(r"(?i)\bEndpoint=[^\s;]+;(?P<secret>[^\s\"']+)"),
    # the signature of a SAS: `?sv=...&sig=...`
    re.compile(r"(?i)[?&;](?:sig|code|st|token)=(?P<secret>[^\s\"'&]+)"),
    # `https://user:password@host`
    re.compile(r"://[^\s/:@]+:(?P<secret>[^\s/@]+)@"),
    # JSON web tokens
    re.compile(r"(?P<secret>\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?)"),
    # what GitHub, GitLab, Slack, AWS, Google, npm, Stripe and Azure DevOps hand out begins so
    re.compile(
        r"(?P<secret>\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abposr]-[\w-]{10,}|"
        r"A(?:KI|SI)A[A-Z0-9]{12,}|AIza[\w-]{30,}|npm_[A-Za-z0-9]{30,}|[sr]k_(?:live|test)_\w{16,}))"
    ),
    # private keys in PEM, if they ever stand on one line
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.+)"),
    # 44 and 88 letters of Base64 that end in `=`: keys of storage accounts and of App Configuration
    re.compile(r"(?<![A-Za-z0-9+/])(?P<secret>(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==))(?![A-Za-z0-9+/=])"),
)


def redact(text: str) -> str:
    """The same line, as long, with what looks like a token, key, password, connection string or signature masked."""
    masked = text
    for start, end in secrets_in(text):
        masked = masked[:start] + MASK * (end - start) + masked[end:]
    return masked


def visible(text: object, limit: int = 600) -> str:
    """One visible line of at most `limit` characters (`fleet.text.clean`) in which nothing looks like a secret."""
    return clean(redact(clean(str(text), 10 * limit)), limit)


def secrets_in(text: str) -> list[tuple[int, int]]:
    """Where the secrets stand: pairs of a first character and the one after the last."""
    return [found.span("secret") for pattern in _SECRETS for found in pattern.finditer(text)]
