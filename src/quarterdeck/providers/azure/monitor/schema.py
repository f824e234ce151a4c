"""What an analysis and a gate on alerts may ask Azure Monitor in a configuration."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from quarterdeck.providers.azure.monitor.periods import LONGEST_WINDOW
from quarterdeck.providers.matching import parse
from quarterdeck.release.durations import seconds

SINCE_THE_STEP_BEGAN = "$window"
"""In the place of a length of time: what a gate is asked with then is a number of seconds."""

_RESOURCE = re.compile(r"/?(subscriptions/[^/]+/)?resourceGroups/[^/]+/providers/[^/]+(/[^/]+/[^/]+)+", re.IGNORECASE)


def _selector(text: str) -> str:
    parse(text)
    return text


def _window(text: str) -> str:
    if text == SINCE_THE_STEP_BEGAN:
        return text
    length = seconds(text)
    if length % 60 or not 60 <= length <= LONGEST_WINDOW:
        raise ValueError(f"must be whole minutes, from 1m to 24h, or {SINCE_THE_STEP_BEGAN}")
    return text


def _resource(text: str) -> str:
    if not _RESOURCE.fullmatch(text) or re.search(r"[?#%\s]", text):
        message = "must be a resource's id, or its path below the subscription:"
        raise ValueError(f"{message} resourceGroups/shop/providers/Microsoft.Web/sites/$site")
    return text


Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True, pattern=r"^[^,]+$")]
"""Of a metric: the interface divides several by commas."""

Aggregation = Literal["total", "average", "maximum", "minimum", "count"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MetricQuestion(_Part):
    """One number of a resource's metric.

    `window` is how much of the past it is about: whole minutes, or `$window` for all since the step began. `filter`
    picks one value of each dimension that it names. With `of` the answer is the part that `metric` is of that second
    metric, which has the same filter unless `of_filter` says another ("" for none).
    """

    resource: Annotated[str, AfterValidator(_resource)]
    metric: Name
    aggregation: Aggregation = "total"
    window: Annotated[str, AfterValidator(_window)] = "5m"
    filter: str = ""
    namespace: str = ""
    of: Name | None = None
    of_filter: str | None = None

    @model_validator(mode="after")
    def _a_real_part(self) -> Self:
        if self.of_filter is not None and self.of is None:
            raise ValueError("of_filter needs of")
        if self.of and self.of.lower() == self.metric.lower() and self.of_filter in (None, self.filter):
            raise ValueError("metric and of are the same, so their ratio is always 1: give another filter as of_filter")
        return self


class AlertsQuestion(_Part):
    """How many alerts have fired and aren't resolved that match, `{severity="Sev1"}`; all of them without."""

    matchers: Annotated[str, AfterValidator(_selector)] = ""
