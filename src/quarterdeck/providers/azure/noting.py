"""The id under which Microsoft's support finds a request again."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline import PipelineResponse


class Noted:
    """A `raw_response_hook` that keeps the correlation id of an answer. It is safe to show and to store."""

    def __init__(self) -> None:
        self.reference = ""

    def __call__(self, response: PipelineResponse[Any, Any]) -> None:
        headers = response.http_response.headers
        self.reference = headers.get("x-ms-correlation-request-id") or headers.get("x-ms-request-id") or ""
