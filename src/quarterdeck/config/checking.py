"""Pydantic's verdicts, told in terms of the file: where, what, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from quarterdeck.config.clear_secrets import looks_secret, secret_key
from quarterdeck.config.nodes import Mapping, Node, Path, Scalar, child, dotted, plain
from quarterdeck.config.problems import MOST, Mark, Report, shown
from quarterdeck.fleet.targets import NAME

Model = TypeVar("Model", bound=BaseModel)

_WORDS = {
    "missing": "is missing",
    "string_type": "must be a text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must hold keys with values",
    "model_type": "must hold keys with values",
    "model_attributes_type": "must hold keys with values",
}
_WANTS_KEYS = frozenset({"dict_type", "model_type", "model_attributes_type"})


def check(
    model: type[Model],
    node: Node,
    path: Path,
    report: Report,
    *,
    later: AbstractMapping[str, str] | None = None,
) -> Model | None:
    """What the model makes of a node; None after telling the report everything that it finds wrong.

    Args:
        later: keys that the model doesn't have, with what to say about them instead of a guess.
    """
    try:
        return model.model_validate(plain(node))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        faults = [_fault(node, path, one) for one in found[: MOST + 1]]
    for fault in faults:
        if not any(_explains(other, fault) for other in faults):
            _tell(model, fault, report, later or {})
    return None


def fits(model: type[BaseModel], node: Node) -> bool:
    """Whether a model takes a node as it is. Nobody is told if it doesn't: another one may."""
    try:
        model.model_validate(plain(node))
    except ValidationError:
        return False
    return True


def suggestion(wrong: str, known: list[str]) -> str:
    """A hint for a word that isn't among the known ones."""
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {shown(close[0])}?"
    return f"known: {', '.join(map(shown, known))}" if known else ""


@dataclass(frozen=True, slots=True)
class _Fault:
    """One of pydantic's findings: its kind and words, and the keys, the place and the value that it is about."""

    kind: str
    message: str
    loc: tuple[int | str, ...]
    path: Path
    mark: Mark
    at: Node


def _fault(node: Node, path: Path, found: Any) -> _Fault:
    kind, loc, mark, at = found["type"], found["loc"], node.mark, node
    for index, part in enumerate(loc):
        inner = child(at, part)
        if inner is None and not (kind == "missing" and index == len(loc) - 1):
            continue  # the name of a branch of a union, not of a key
        path = (*path, part)
        if inner is not None:
            mark = at.keys[part] if isinstance(at, Mapping) and kind == "extra_forbidden" else inner.mark
            at = inner
    return _Fault(kind, found["msg"], loc, path, mark, at)


def _explains(better: _Fault, fault: _Fault) -> bool:
    """Whether a fault is only there because a union tried another branch too."""
    if better.path[: len(fault.path)] != fault.path:
        return False
    if len(better.path) > len(fault.path):
        return True
    return isinstance(fault.at, Scalar) and fault.kind in _WANTS_KEYS and better.kind not in _WANTS_KEYS


def _tell(model: type[BaseModel], fault: _Fault, report: Report, later: AbstractMapping[str, str]) -> None:
    text, name = dotted(fault.path), str(fault.path[-1]) if fault.path else ""
    if fault.kind == "extra_forbidden":
        hint = later.get(name) or suggestion(name, _fields(model, fault.loc[:-1]))
        report.add(fault.mark, text, "unknown key", hint)
    elif not (isinstance(fault.at, Scalar) and report.about(fault.mark)):  # else: what is known explains this
        report.add(fault.mark, text, _words(fault.kind, fault.message, fault.at, name))


def _words(kind: str, message: str, at: Node, name: str) -> str:
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(at, Scalar) and (secret_key(name) or looks_secret(at.text or "")):
        return "is not valid"  # a provider's own message might repeat the value
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return shown(re.sub(r"^Input should be", "must be", message))


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where an unknown one was found."""
    at: type[BaseModel] = model
    for part in loc:
        field = at.model_fields.get(str(part))
        inner = _models(field.annotation) if field else [m for m in [at] if m.__name__ == part]
        if inner:
            at = inner[0]
    return [field.alias or name for name, field in at.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def refuse_bad_names(section: Mapping, path: Path, report: Report) -> None:
    """Names that no target could be written with, and twins."""
    for name, mark, _ in section.items():
        if not NAME.fullmatch(name):
            hint = "use letters, digits, `.`, `_` and `-`, with a letter or digit first and last"
            report.add(mark, dotted((*path, name)), "this name can't be used", hint)
    refuse_case_twins(section, path, report)


def refuse_case_twins(section: Mapping, path: Path, report: Report) -> None:
    """Names that differ only in letter case are one name to Azure, and to people."""
    first: dict[str, tuple[str, Mark]] = {}
    for name, mark, _ in section.items():
        other, where = first.setdefault(name.lower(), (name, mark))
        if other != name:
            message = f"the same name as {shown(other)} in {where}, but for letter case"
            report.add(mark, dotted((*path, name)), message, "choose another name")
