"""PromQL's binary operators, over numbers and over vectors."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from quarterdeck.sandbox.prometheus.series import NAME, Labels


class QueryError(ValueError):
    """A query that was understood cannot be carried out; the text is what Prometheus would say."""


class Sample(NamedTuple):
    """One element of an instant vector."""

    labels: Labels
    value: float


Vector = list[Sample]
Signature = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """How elements of two vectors find each other.

    Attributes:
        on: True when `labels` are those that are compared, False when they are those that are not.
        group: the side of which several elements may share one of the other side; "" for one to one.
        included: labels that are taken over from the other side then.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    group: Literal["", "left", "right"] = ""
    included: tuple[str, ...] = ()

    def signature(self, labels: Labels) -> Signature:
        """What two elements must have in common."""
        if self.on:
            return tuple((name, labels[name]) for name in sorted(set(self.labels)) if name in labels)
        return tuple(sorted(item for item in labels.items() if item[0] != NAME and item[0] not in self.labels))

    def result(self, many: Labels, one: Labels, *, named: bool) -> dict[str, str]:
        """The labels of what two elements give; the metric's name only when `named`."""
        labels = {name: value for name, value in many.items() if named or name != NAME}
        if not self.group:
            return {name: value for name, value in labels.items() if (name in self.labels) == self.on}
        for name in self.included:
            labels.pop(name, None)
            if one.get(name):
                labels[name] = one[name]
        return labels


def _power(left: float, right: float) -> float:
    try:
        result = left**right
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return result if isinstance(result, float) else math.nan


def _quotient(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    return math.nan if right == 0 or not math.isfinite(left) else math.fmod(left, right)


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
    "^": _power,
    "atan2": math.atan2,
}
COMPARISON: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
SETS = ("and", "or", "unless")


def between_numbers(word: str, left: float, right: float) -> float:
    """Two numbers; a comparison gives 1 or 0."""
    return ARITHMETIC[word](left, right) if word in ARITHMETIC else float(COMPARISON[word](left, right))


def with_number(word: str, vector: Vector, number: float, *, turned: bool, as_bool: bool) -> Vector:
    """A vector and a number, the number on the left when `turned`. A comparison without `bool` filters."""
    result = []
    for labels, value in vector:
        left, right = (number, value) if turned else (value, number)
        if word in ARITHMETIC or as_bool:
            result.append(Sample(unnamed(labels), between_numbers(word, left, right)))
        elif COMPARISON[word](left, right):
            result.append(Sample(labels, value))
    return result


def between_vectors(word: str, left: Vector, right: Vector, matching: Matching, *, as_bool: bool) -> Vector:
    """Two vectors, element by element.

    Raises:
        QueryError: when it isn't clear which elements belong together.
    """
    if word in SETS:
        return _set(word, left, right, matching)
    many, one = (right, left) if matching.group == "right" else (left, right)
    ones: dict[Signature, Sample] = {}
    for sample in one:
        signature = matching.signature(sample.labels)
        if signature in ones:
            side = "left" if matching.group == "right" else "right"
            raise QueryError(
                f"found duplicate series for the match group {shown(dict(signature))} on the {side} hand-side of the "
                f"operation: [{shown(sample.labels)}, {shown(ones[signature].labels)}];many-to-many matching not "
                "allowed: matching labels must be unique on one side"
            )
        ones[signature] = sample
    result: Vector = []
    met: set[Signature] = set()
    for sample in many:
        signature = matching.signature(sample.labels)
        partner = ones.get(signature)
        if partner is None:
            continue
        a, b = (partner.value, sample.value) if matching.group == "right" else (sample.value, partner.value)
        compared = word in COMPARISON and not as_bool
        if compared and not COMPARISON[word](a, b):
            continue
        labels = matching.result(sample.labels, partner.labels, named=compared)
        own = signature if not matching.group else tuple(sorted(labels.items()))
        if own in met:
            raise QueryError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                if not matching.group
                else "multiple matches for labels: grouping labels must ensure unique matches"
            )
        met.add(own)
        result.append(Sample(labels, a if compared else between_numbers(word, a, b)))
    return result


def _set(word: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    if word == "or":
        known = {matching.signature(sample.labels) for sample in left}
        return left + [sample for sample in right if matching.signature(sample.labels) not in known]
    there = {matching.signature(sample.labels) for sample in right}
    return [sample for sample in left if (matching.signature(sample.labels) in there) == (word == "and")]


def unnamed(labels: Labels) -> dict[str, str]:
    """Labels without the metric's name."""
    return {name: value for name, value in labels.items() if name != NAME}


def unique(vector: Iterable[Sample]) -> Vector:
    """The vector itself.

    Raises:
        QueryError: when two elements have the same labels.
    """
    result: Vector = list(vector)
    if len({tuple(sorted(sample.labels.items())) for sample in result}) < len(result):
        raise QueryError("vector cannot contain metrics with the same labelset")
    return result


def grouped(vector: Vector, *, without: bool, labels: Sequence[str]) -> list[tuple[dict[str, str], Vector]]:
    """The elements of a vector put together by the labels that an aggregation keeps."""
    groups: dict[Signature, tuple[dict[str, str], Vector]] = {}
    for sample in vector:
        if without:
            kept = {name: value for name, value in unnamed(sample.labels).items() if name not in labels}
        else:
            kept = {name: sample.labels[name] for name in labels if name in sample.labels}
        groups.setdefault(tuple(sorted(kept.items())), (kept, []))[1].append(sample)
    return list(groups.values())


def shown(labels: Labels) -> str:
    """Labels as PromQL writes them."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
