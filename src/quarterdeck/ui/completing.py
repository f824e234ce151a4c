"""How a line after `:` may go on: from the forms of the commands and the names that exist. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from quarterdeck.records import dataclass, field
from quarterdeck.release.release_command import FORMS
from quarterdeck.release.rollout import ORDERS

MOST = 200
"""Offers that are made at most."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A word the line may go on with, and what it is in a few words."""

    text: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist.

    Attributes:
        words: what may stand first besides the commands: deeds and places, with what they do.
        forms: by first word, how a line goes on that is no command; written like the forms of the commands.
        names: what may stand for a placeholder of the forms: by `VERB PLACEHOLDER` or `--option PLACEHOLDER` where it
            means something of its own there (`unlock ID`), else by the placeholder (`ENV/SERVICE`, `SCOPE`).
        of_target: by placeholder, then by target, what may stand there once the target is typed.
    """

    words: Sequence[Offer] = ()
    forms: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Sequence[Offer]] = field(default_factory=dict)
    of_target: Mapping[str, Mapping[str, Sequence[Offer]]] = field(default_factory=dict)


_ORDERS = tuple(Offer(order.replace("_", "-")) for order in ORDERS if order != "promote_full")
_OPTION = re.compile(r"(--[a-z-]+)(?: ([A-Z][A-Z|=/]*|\d+[smhd]))?")
_PLACEHOLDER = re.compile(r"(?:[a-z]+:)?[A-Z]+(?:/[A-Z]+)*(?:=[A-Z]+)?")
_BRACKETED = re.compile(r"\[[@/][A-Z/]+\]")


def offers(line: str, known: Known) -> list[Offer]:
    """What the last word of the line may become; those that begin as it does, else those that hold it."""
    words, begun = split(line)
    if not words:
        verbs = [Offer(verb, form.partition(" ")[2]) for verb, form in FORMS.items()]
        return _matching([*verbs, *known.words], begun)
    form = form_of(line, known)
    return _matching(_of_form(form, words, known), begun) if form else []


def form_of(line: str, known: Known) -> str:
    """The form of what is being typed, "" if there is none."""
    words, _ = split(line)
    return (FORMS.get(words[0]) or known.forms.get(words[0]) or "") if words else ""


def split(line: str) -> tuple[list[str], str]:
    """The words that stand, without a leading `qd`, and the last one, which is still being typed ("" after a blank)."""
    words = line.split()
    begun = "" if not words or line[-1].isspace() else words.pop()
    return (words[1:] if words[:1] == ["qd"] else words), begun


def common(found: Sequence[Offer]) -> str:
    """What all offers begin with."""
    if not found:
        return ""
    first, last = min(one.text for one in found), max(one.text for one in found)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def _of_form(form: str, words: Sequence[str], known: Known) -> list[Offer]:
    options: dict[str, str] = dict(_OPTION.findall(form))
    if value := options.get(words[-1], ""):
        return [*_named(words[-1], value, words, known)]
    verb, _, rest = _OPTION.sub("", form).partition(" ")
    rest = _BRACKETED.sub("", rest)
    found: list[Offer] = []
    for word in _first_words(verb, rest) if len(words) == 1 else dict.fromkeys(_PLACEHOLDER.findall(rest)):
        found += [Offer(word)] if word.islower() and ":" not in word else _named(verb, word, words, known)
    return [*found, *(Offer(option, value) for option, value in options.items() if option not in words)]


def _first_words(verb: str, rest: str) -> Sequence[str]:
    """What may follow the verb at once, in each of the form's alternatives."""
    ways = (way.strip(" ([").removeprefix(f"{verb} ").strip(" ([") for way in rest.split("|"))
    return list(dict.fromkeys(way.split()[0].strip("[]()") for way in ways if way))


def _named(context: str, placeholder: str, words: Sequence[str], known: Known) -> Sequence[Offer]:
    if placeholder == "ORDER":
        return _ORDERS if len(words) == 1 else ()
    if mine := known.of_target.get(placeholder):
        return [offer for word in words for offer in mine.get(word, ())]
    found = known.names.get(f"{context} {placeholder}", known.names.get(placeholder, ()))
    return [offer for offer in found if offer.text not in words]


def _matching(found: Sequence[Offer], begun: str) -> list[Offer]:
    wanted = begun.casefold()
    unique = {offer.text: offer for offer in found}.values()
    begins = [offer for offer in unique if offer.text.casefold().startswith(wanted)]
    holds = [offer for offer in unique if wanted in offer.text.casefold()]
    return [offer for offer in begins or holds if offer.text != begun][:MOST]
