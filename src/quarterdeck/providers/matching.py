"""Label matchers as PromQL selectors write them: `{severity="page", service=~"check.*"}`, the braces may be left out.

A name before the braces is the alert's: `HighErrorRate{service="checkout"}`. Regular expressions match whole values,
as Prometheus's do; they are Python's here, which differ from RE2 only in what nobody writes in a matcher.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError

_NAME = re.compile(r"\s*([A-Za-z_:][A-Za-z0-9_:]*)\s*")
_MATCHER = re.compile(
    r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`]*)`)\s*"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_EXAMPLE = 'write for example {severity="page"}'


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label. A label that isn't there has the value ""."""

    label: str
    sign: str
    value: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels meets it."""
        found = labels.get(self.label, "")
        match self.sign:
            case "=":
                return found == self.value
            case "!=":
                return found != self.value
        return (re.fullmatch(self.value, found, re.DOTALL) is not None) == (self.sign == "=~")

    def __str__(self) -> str:
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.sign}"{value}"'


def parse(text: str) -> tuple[Matcher, ...]:
    """The matchers of a selector; none for an empty text.

    Raises:
        ValueError: what is wrong with it, and what to write.
    """
    rest, found = text.strip(), []
    name = _NAME.match(rest)
    if name and (name.end() == len(rest) or rest[name.end()] == "{"):
        found.append(Matcher("alertname", "=", name[1]))
        rest = rest[name.end() :]
    if rest.startswith("{"):
        if not rest.endswith("}"):
            raise ValueError(f"{text!r}: a brace isn't closed; {_EXAMPLE}")
        rest = rest[1:-1]
    while rest.strip():
        matcher = _MATCHER.match(rest)
        if not matcher:
            raise ValueError(f"{text!r} isn't a selector at {rest.strip()[:30]!r}; {_EXAMPLE}")
        found.append(_made(matcher, text))
        rest = rest[matcher.end() :]
        if rest and not rest.startswith(","):
            raise ValueError(f"{text!r}: matchers are divided by commas; {_EXAMPLE}")
        rest = rest[1:]
    return tuple(found)


def selected(text: str) -> tuple[Matcher, ...]:
    """The matchers of a gate. Raises ProviderError (misconfigured)."""
    try:
        return parse(text)
    except ValueError as error:
        raise ProviderError("misconfigured", clean(str(error)), "correct the matchers") from None


def fit(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels meet all of them."""
    return all(matcher.fits(labels) for matcher in matchers)


def could_fit(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether labels can meet all of them once those that aren't known yet are: an alert has its series' labels too."""
    return all(matcher.fits(labels) for matcher in matchers if matcher.label in labels)


def _made(found: re.Match[str], text: str) -> Matcher:
    label, sign, double, single, raw = found.groups()
    quoted = double if double is not None else single
    value = raw if quoted is None else re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], one[1]), quoted)
    if sign in ("=~", "!~"):
        if quoted is not None:
            value = re.sub(r"\\(\\|\"|')", r"\1", quoted)
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{text!r}: {value!r} isn't a regular expression: {error}") from None
    return Matcher(label, sign, value)
