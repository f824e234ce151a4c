"""Who gets which variant: the part of flagd's targeting rules that is read and written here. Pure.

Rules are a chain: `if` a condition, this share, else the next; at its end the share of everybody else. A share is the
variant that is on or off, or a `fractional` of the two. A link whose condition is that one field of the context equals
one value is a group's; every other link is kept as it is, and so is an end of another kind.

Switched off is `{"if": [false, RULES, OFF]}`: every evaluator gives everybody the variant that is off, and the rules
wait inside as they were.

Facts (flagd's documentation, "Flag definitions" and "Fractional operation"; evaluated with openfeature-flagd-core
2.0.0):

- `if` takes three arguments; else-ifs are nested (flagd's schema of targeting).
- The weights of a `fractional` are whole numbers in any proportion, at most 2147483647 together. A fraction, a larger
  sum or none at all gives the default variant.
- What decides the draw is the first argument, if it isn't a weight; else the flag's key with the `targetingKey`. Who
  has none gets the default variant. Whoever is in at 5% is in at 10% too, as long as that argument and the order stay.
- A rule that gives null gives the default variant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.flagd.nodes import Node, plain

LARGEST = 2_147_483_647
"""The largest sum of weights."""


@dataclass(frozen=True, slots=True)
class Variants:
    """The names of the two variants of a switch."""

    on: str
    off: str

    def of(self, node: Node) -> str | None:
        """The one that a rule gives literally. Truth values are names, too: `true` and `false`."""
        value = node.scalar
        name = ("true" if value else "false") if isinstance(value, bool) else value
        return name if isinstance(name, str) and name in (self.on, self.off) else None


@dataclass(frozen=True, slots=True)
class Share:
    """How many percent of whoever gets there see it on. `key` decides the draw, None where it is flagd's own."""

    node: Node
    percent: float
    fractional: bool = False
    key: Node | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One `if`: `node` is all of it, with the `rest` of the chain. `group` is the one it is for; None where it is a
    rule of another kind."""

    node: Node
    condition: Node
    result: Node
    rest: Node
    group: str | None = None
    share: Share | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A flag's targeting.

    Attributes:
        waiting: whether it is switched off, and the rules wait.
        end: what stands at the end of the chain; `everybody` is its share, None where it is of another kind or null.
    """

    waiting: bool
    links: tuple[Link, ...]
    end: Node
    everybody: Share | None

    @property
    def groups(self) -> dict[str, float]:
        """Percentages by group. Of two links for a group the first decides."""
        found: dict[str, float] = {}
        for link in self.links:
            if link.group is not None and link.share is not None:
                found.setdefault(link.group, link.share.percent)
        return found

    @property
    def foreign(self) -> tuple[Link, ...]:
        """The links of another kind."""
        return tuple(link for link in self.links if link.group is None)

    @property
    def foreign_end(self) -> bool:
        """Whether the end is of another kind."""
        return self.everybody is None and not self.end.null

    @property
    def key(self) -> Node | None:
        """What decides the draw in this flag, as far as something says so: new shares draw by it, too."""
        shares = [self.everybody, *(link.share for link in self.links)]
        return next((share.key for share in shares if share and share.key), None)

    @property
    def others(self) -> tuple[str, ...]:
        """The rules that aren't read here, for people."""
        told = [f"{_told(link.condition)} -> {_told(link.result)}" for link in self.foreign]
        return tuple(clean(one, 80) for one in [*told, *([_told(self.end)] if self.foreign_end else [])])


def read(targeting: Node, variants: Variants, field: str | None) -> Rules:
    """The rules of a targeting that isn't empty. `field` is that of the context that names groups."""
    rules, waiting = targeting, False
    inner = _arguments(targeting, "if", 3)
    if inner and inner[0].value is False and variants.of(inner[2]) == variants.off:
        rules, waiting = inner[1], True
    links: list[Link] = []
    while chain := _arguments(rules, "if", 3):
        node, (condition, result, rules) = rules, chain
        group, share = _group(condition, field), _share(result, variants)
        ours = group is not None and share is not None
        link = Link(node, condition, result, rules)
        links.append(replace(link, group=group, share=share) if ours else link)
    return Rules(waiting, tuple(links), rules, _share(rules, variants))


def written(
    old: Rules | None,
    groups: Mapping[str, float],
    percent: float | None,
    on: bool,
    variants: Variants,
    field: str | None,
) -> Any:
    """The targeting that says so, with as much of the old as can stay; `{}` where none is needed.

    New groups come after all rules that are there: whoever was kept out by one stays out.

    Args:
        percent: of everybody else. None: where there are groups, they alone; else no rule.

    Raises:
        ProviderError: misconfigured, if it can't be said.
    """
    links = old.links if old else ()
    key = old.key if old else None
    kept: list[tuple[Any, Any, Link | None]] = []
    for link in links:
        if link.group is None or link.share is None:
            kept.append((link.condition, link.result, link))
        elif link.group in groups:
            kept.append((link.condition, _changed(link.share, groups[link.group], key, variants), link))
    there = {link.group for link in links}
    added = [group for group in groups if group not in there]
    kept += [({"==": [{"var": field}, group]}, _new(groups[group], key, variants), None) for group in added]
    end = _end(old, percent, key, variants, alone=not kept)
    if not kept and plain(end) is None:
        return {}
    rules = end
    for condition, share, old_link in reversed(kept):
        same = old_link is not None and share is old_link.result and rules is old_link.rest
        rules = old_link.node if same and old_link else {"if": [condition, share, rules]}
    return rules if on else {"if": [False, rules, variants.off]}


def _end(old: Rules | None, percent: float | None, key: Node | None, variants: Variants, *, alone: bool) -> Any:
    """`alone` is the end without any `if` before it: a rule must be an expression, so that a variant is none."""
    if old and old.foreign_end:
        if percent is not None:
            raise ProviderError("misconfigured", "its rule for everybody is of another kind than those written here")
        return old.end
    if percent is None:
        return old.end if old and old.end.null else None
    share = old.everybody if old else None
    end = _changed(share, percent, key, variants) if share else _new(percent, key, variants)
    literal = end in (variants.on, variants.off) or (share and end is share.node and not share.fractional)
    return _fractional(percent, key, variants) if alone and literal else end


def _changed(share: Share, percent: float, key: Node | None, variants: Variants) -> Any:
    if share.percent == percent:
        return share.node
    if not share.fractional:
        return _new(percent, key, variants)
    # In the order in which they are, so that whoever was in stays in.
    entries = [one for one in share.node.mapping["fractional"].items if one is not share.key]
    off_first = variants.of(entries[0].items[0]) == variants.off
    return _fractional(percent, share.key, variants, off_first=off_first)


def _new(percent: float, key: Node | None, variants: Variants) -> Any:
    """A share where there was none of its kind. All and nobody need no draw, which some users have no key for."""
    literal = {0.0: variants.off, 100.0: variants.on}.get(percent)
    return literal or _fractional(percent, key, variants)


def _fractional(percent: float, key: Node | None, variants: Variants, *, off_first: bool = False) -> Any:
    on, off = _weights(percent)
    named: list[Any] = [[variants.on, on], [variants.off, off]]
    if off_first:
        named.reverse()
    return {"fractional": [key, *named] if key else named}


def _weights(percent: float) -> tuple[int, int]:
    """Whole weights that are read as exactly this percentage: of 100, 1000, ... if possible, else as small as may be.

    Raises:
        ProviderError: misconfigured, if there are none.
    """
    for whole in (100, 1000, 10_000, 100_000, 1_000_000):
        on = round(percent * whole / 100)
        if 100 * on / whole == percent:
            return on, whole - on
    share = (Fraction(percent) / 100).limit_denominator(LARGEST)
    if 100 * share.numerator / share.denominator != percent:
        raise ProviderError("misconfigured", f"{percent}% can't be said in whole weights", "give fewer digits")
    return share.numerator, share.denominator - share.numerator


def _share(node: Node, variants: Variants) -> Share | None:
    if (name := variants.of(node)) is not None:
        return Share(node, 100.0 if name == variants.on else 0.0)
    if set(node.mapping) != {"fractional"}:
        return None
    entries = list(node.mapping["fractional"].items)
    key = entries.pop(0) if entries and entries[0].mapping else None
    weights: dict[str, int] = {}
    for entry in entries:
        name, weight = _weight(entry.items, variants)
        if name is None or name in weights or weight is None:
            return None
        weights[name] = weight
    whole = sum(weights.values())
    if not 0 < whole <= LARGEST:
        return None
    return Share(node, 100 * weights.get(variants.on, 0) / whole, True, key)


def _weight(entry: Sequence[Node], variants: Variants) -> tuple[str | None, int | None]:
    """A variant and its weight, which is 1 where it has none."""
    if not 1 <= len(entry) <= 2:
        return None, None
    weight = entry[1].value if len(entry) == 2 else 1
    whole = isinstance(weight, int) and not isinstance(weight, bool) and weight >= 0
    return variants.of(entry[0]), weight if whole and isinstance(weight, int) else None


def _group(condition: Node, field: str | None) -> str | None:
    """The one value that the field has to have."""
    if field is None:
        return None
    for operator in ("==", "===", "in"):
        if not (arguments := _arguments(condition, operator, 2)):
            continue
        variable, value = arguments
        if operator == "in":
            if len(value.items) != 1:
                return None
            value = value.items[0]
        if plain(variable) not in ({"var": field}, {"var": [field]}):
            return None
        group = value.scalar
        return group if isinstance(group, str) and group and group == clean(group, 80) else None
    return None


def _arguments(node: Node, operator: str, count: int) -> Sequence[Node]:
    """Those of an operation, if it is that one and has so many."""
    if set(node.mapping) != {operator}:
        return ()
    found = node.mapping[operator].items
    return found if len(found) == count else ()


def _told(node: Node) -> str:
    """A rule in a few words: its operation, and what it asks of the context."""
    if not node.mapping:
        return clean(str(plain(node)), 30)
    names = sorted(_variables(node))
    return f"{next(iter(node.mapping))} {', '.join(names)}".strip()


def _variables(node: Node) -> set[str]:
    if set(node.mapping) == {"var"}:
        asked = node.mapping["var"]
        name = asked.items[0].scalar if asked.items else asked.scalar
        return {str(name)}
    inner = [*node.mapping.values(), *node.items]
    return {name for one in inner for name in _variables(one)}
