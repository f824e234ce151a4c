"""Types of fields that several sections share: lengths of time, percentages, names, one or many."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from quarterdeck.config.checking import suggestion
from quarterdeck.config.problems import shown
from quarterdeck.fleet.targets import NAME
from quarterdeck.release.durations import seconds
from quarterdeck.release.filling import NAMES, named


class Part(BaseModel):
    """A section of our own: a key that it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, validate_by_name=True, validate_by_alias=True)


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("must be letters, digits, `.`, `_` and `-`, with a letter or digit first and last")
    return name


def _seconds(value: Any) -> Any:
    return seconds(value) if isinstance(value, str) else value


def _some(value: float) -> float:
    if value <= 0:
        raise ValueError("must be longer than nothing")
    return value


def _percent(value: Any) -> Any:
    return value.strip().removesuffix("%") if isinstance(value, str) else value


def _many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def holding(*names: str) -> AfterValidator:
    """Refuses a text with another `$name` in it than these."""

    def checked(text: str) -> str:
        for name in named(text):
            if name not in names:
                known = suggestion(f"${name}", [f"${one}" for one in names])
                raise ValueError(f"${shown(name)} isn't known ({known}); a dollar sign is $$")
        return text

    return AfterValidator(checked)


def _url(text: str) -> str:
    if not re.match(r"https?://[^/\s]", text):
        raise ValueError("must begin with https://HOST or http://HOST")
    return text


def at_least_one(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses an empty list."""
    if not values:
        raise ValueError("must hold at least one")
    return values


Name = Annotated[str, AfterValidator(_named)]
Text = Annotated[str, AfterValidator(_filled)]
Delay = Annotated[float, BeforeValidator(_seconds)]
"""A length of time that may be nothing."""
Span = Annotated[float, BeforeValidator(_seconds), AfterValidator(_some)]
"""A length of time."""
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), BeforeValidator(_percent)]
"""`5` or `5%`."""
Share = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False), BeforeValidator(_percent)]
"""A percentage that is more than nothing."""
Budget = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_percent)]
"""A sum of percentages, of several services for instance."""
Names = Annotated[tuple[Text, ...], BeforeValidator(_many)]
"""One name, or a list of them."""
Asked = Annotated[Text, holding(*NAMES)]
"""A text with `$service` and the like in it."""
Words = Annotated[tuple[Asked, ...], AfterValidator(at_least_one)]
"""A program with its arguments; never a shell's line."""
Url = Annotated[Asked, AfterValidator(_url)]
