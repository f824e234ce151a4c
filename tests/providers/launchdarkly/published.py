"""Do requests and answers satisfy what LaunchDarkly publishes of its REST API? (See `published/README.md`.)"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

PUBLISHED = Path(__file__).parent / "published"


@cache
def document(name: str) -> Any:
    return json.loads((PUBLISHED / f"{name}.json").read_text())


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**document("schemas"), "$ref": f"#/schemas/{schema}"})


def faults(schema: str, value: Any) -> list[str]:
    """What is wrong with a value of that schema, each with where."""
    return [f"{schema} {error.json_path}: {error.message}" for error in _validator(schema).iter_errors(value)]
