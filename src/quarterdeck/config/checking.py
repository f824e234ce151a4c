"""Pydantic's verdicts, told in terms of the file: where, what, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping as AbstractMapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from quarterdeck.config.clear_secrets import looks_secret, secret_key
from quarterdeck.config.nodes import Mapping, Node, Path, Scalar, child, dotted, plain
from quarterdeck.config.problems import Mark, Report, shown

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
    "dict_type": "must hold keys with values",
    "model_type": "must hold keys with values",
    "model_attributes_type": "must hold keys with values",
}


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
        for found in error.errors(include_url=False, include_context=False):
            _tell(model, node, path, found, report, later or {})
    return None


def suggestion(wrong: str, known: list[str]) -> str:
    """A hint for a word that isn't among the known ones."""
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {shown(close[0])}?"
    return f"known: {', '.join(map(shown, known))}" if known else ""


def _tell(
    model: type[BaseModel], node: Node, path: Path, found: Any, report: Report, later: AbstractMapping[str, str]
) -> None:
    kind, mark, at = found["type"], node.mark, node
    where = list(path)
    for part in found["loc"]:
        inner = child(at, part)
        if inner is None and not (kind == "missing" and part == found["loc"][-1]):
            continue  # the name of a branch of a union, not of a key
        where.append(part)
        if inner is not None:
            mark = at.keys[part] if isinstance(at, Mapping) and kind == "extra_forbidden" else inner.mark
            at = inner
    if kind != "extra_forbidden" and isinstance(at, Scalar) and report.about(at.mark):
        return  # what was wrong with it before explains this
    text = dotted(tuple(where))
    if kind == "extra_forbidden":
        name = str(where[-1])
        hint = later.get(name) or suggestion(name, _fields(model, found["loc"][:-1]))
        report.add(mark, text, "unknown key", hint)
    else:
        report.add(mark, text, _words(kind, found["msg"], at, str(where[-1]) if where else ""))


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


def refuse_case_twins(section: Mapping, path: Path, report: Report) -> None:
    """Names that differ only in letter case are one name to Azure, and to people."""
    first: dict[str, tuple[str, Mark]] = {}
    for name, mark, _ in section.items():
        other, where = first.setdefault(name.lower(), (name, mark))
        if other != name:
            message = f"the same name as {shown(other)} in {where}, but for letter case"
            report.add(mark, dotted((*path, name)), message, "choose another name")
