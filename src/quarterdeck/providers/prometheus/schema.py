"""What a connection to Prometheus or Alertmanager may say in a configuration, and a question to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from quarterdeck.providers.http.schema import Access, Part, Text, Url
from quarterdeck.providers.matching import parse


def _selector(text: str) -> str:
    parse(text)
    return text


class Server(Access):
    """Where it is: the URL that its own pages begin with, with the path prefix if it has one."""

    url: Url


class Receiver(Server):
    """Where Alertmanager is. It can't tell that all is well from that nobody tells it anything: `watchdog` names an
    alert that always fires, as long as whoever raises alerts lives and reaches it."""

    watchdog: Text | None = None


class MetricQuestion(Part):
    """A PromQL query with one number for an answer: one series, or a scalar."""

    query: Text


class AlertsQuestion(Part):
    """How many alerts fire that match, `{severity="page"}`; all of them without."""

    matchers: Annotated[str, AfterValidator(_selector)] = ""
