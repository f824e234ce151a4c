"""The `${...}` language: how references are written, and which of them stand for secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["env", "var", "keyring", "keyvault"]

SECRET_KINDS: tuple[Kind, ...] = ("env", "keyring", "keyvault")
REFERENCE_FORMS = "${env:NAME}, ${keyring:SERVICE/USER} or ${keyvault:VAULT/SECRET}"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_STORED = re.compile(r"[^/{}$\s][^{}$\n]*/[^{}$\n]+")
_SHAPES: dict[Kind, tuple[re.Pattern[str], str]] = {
    "env": (_NAME, "${env:NAME}"),
    "var": (_VARIABLE, "${var:NAME}"),
    "keyring": (_STORED, "${keyring:SERVICE/USER}"),
    "keyvault": (_STORED, "${keyvault:VAULT/SECRET}"),
}


class BadReference(ValueError):
    """A reference is written wrongly; the message says how."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${...}`.

    Attributes:
        name: of the variable, or `SERVICE/USER`, or `VAULT/SECRET`.
        default: what stands after `:-`, None if nothing does.
    """

    kind: Kind
    name: str
    default: str | None = None

    def __str__(self) -> str:
        default = "" if self.default is None else f":-{self.default}"
        return f"${{{self.kind}:{self.name}{default}}}"


def parse(text: str) -> list[str | Reference]:
    """Divide a text into literal parts and references. `$${` stands for a literal `${`.

    Raises:
        BadReference: naming what is wrong and the form that is right.
    """
    parts: list[str | Reference] = []
    literal, at = "", 0
    while at < len(text):
        start = text.find("${", at)
        if start < 0:
            literal += text[at:]
            break
        if start > at and text[start - 1] == "$":
            literal += text[at : start - 1] + "${"
            at = start + 2
            continue
        end = text.find("}", start)
        if end < 0:
            raise BadReference("a `${` has no `}`: close it, or write `$${` for the characters themselves")
        literal += text[at:start]
        if literal:
            parts.append(literal)
        literal = ""
        parts.append(_reference(text[start + 2 : end]))
        at = end + 1
    if literal or not parts:
        parts.append(literal)
    return parts


def secret(text: str) -> Reference | None:
    """The reference that a text consists of, if it is one that may stand for a secret; else None."""
    try:
        parts = parse(text.strip())
    except BadReference:
        return None
    only = parts[0]
    if len(parts) != 1 or isinstance(only, str) or only.kind not in SECRET_KINDS or only.default is not None:
        return None
    return only


def _reference(body: str) -> Reference:
    kind, name = _kind(body)
    default: str | None = None
    if kind in ("env", "var"):
        name, marked, rest = name.partition(":-")
        default = rest if marked else None
    shape, form = _SHAPES[kind]
    if not shape.fullmatch(name):
        raise BadReference(f"a reference is not well formed: write {form}")
    return Reference(kind, name, default)


def _kind(body: str) -> tuple[Kind, str]:
    prefix, colon, rest = body.partition(":")
    if not colon or rest.startswith("-"):
        return "env", body
    for kind in _SHAPES:
        if prefix == kind:
            return kind, rest
    raise BadReference(f"there is no such kind of reference: write ${{NAME}}, ${{var:NAME}}, {REFERENCE_FORMS}")
