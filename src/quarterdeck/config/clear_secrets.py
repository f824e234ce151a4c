"""Finds secrets that are written in clear: by the name of their key, and by how they look."""

from __future__ import annotations

import re

from quarterdeck.config.references import parse

_KEY = re.compile(
    r"(^|_)(password|passwd|passphrase|pwd|secret|token|api_?key|access_?key|account_?key|"
    r"private_?key|shared_?key|connection_?string)$"
)
# Each pattern looks at a bounded stretch from each place where it can begin: a long value takes no long time.
_LOOKS = (
    (re.compile(r"(?i)\b(secret|accountkey|sharedaccesskey|accesskey|clientsecret|password|pwd)\s*=\s*[^;\s]"),
     "a connection string with its key"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{8}"), "a token (JWT)"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{20}|github_pat_\w{20}|glpat-[\w-]{16}|xox[abposr]-[\w-]{10})"),
     "an access token"),
    (re.compile(r"[?&]sig=[A-Za-z0-9%+/]{16}"), "a signed URL"),
    (re.compile(r"://[^/\s:@]+:[^/\s@]+@"), "a URL with a password"),
)  # fmt: skip


def secret_key(name: str) -> bool:
    """Whether a key's name says that its value is a secret (`client_secret`, `apiKey`, `password`)."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").replace(".", "_")
    return bool(_KEY.search(snake))


def looks_secret(text: str) -> str:
    """What kind of secret a text looks like, in words; "" if it looks harmless. References are harmless."""
    try:
        literal = "".join("" if not isinstance(part, str) else part for part in parse(text))
    except ValueError:
        literal = text
    return next((kind for pattern, kind in _LOOKS if pattern.search(literal)), "")
