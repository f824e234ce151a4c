"""The sandbox's control interface, as a drill uses it: look at the world, break it, let time pass in it."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.runner.sandboxing import Announcement

ANSWER_SECONDS = 10.0

Document = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class World:
    """A sandbox that runs. Every method raises CommandError if it doesn't answer."""

    def __init__(self, announcement: Announcement) -> None:
        self._url = urlsplit(str(announcement["control"]))
        self._trusted = ssl.create_default_context(cafile=announcement["ca_file"])

    def state(self) -> Mapping[str, Any]:
        """How it is, see `sandbox.world.snapshot`."""
        found: Mapping[str, Any] = self._ask("GET", "state")
        return found

    def now(self) -> float:
        """The world's time, in UNIX seconds: it runs ahead of ours where a drill let time pass."""
        return datetime.fromisoformat(str(self.state()["now"])).timestamp()

    def failed_requests(self, since: float, until: float) -> float:
        """How many requests of users failed between two moments of the world."""
        if since >= until:
            return 0.0
        rows = self._ask("GET", f"traffic?since={since}&until={until}")["value"]
        return float(sum(row["errors"] for row in rows))

    def tell(self, what: str, document: Document) -> None:
        """Post something: `faults`, `behaviour`, `clock/advance`, `reset`."""
        self._ask("POST", what, document)

    def heal(self) -> None:
        """Lift all faults."""
        self._ask("DELETE", "faults")

    def _ask(self, method: str, what: str, document: Document | None = None) -> Any:
        body = None if document is None else json.dumps(document)
        connection = http.client.HTTPSConnection(
            self._url.hostname or "", self._url.port, timeout=ANSWER_SECONDS, context=self._trusted
        )
        try:
            connection.request(method, f"{self._url.path}/{what}", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            read = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(ExitCode.UNREACHABLE, f"the drill's sandbox doesn't answer: {error}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise CommandError(ExitCode.FAILED, f"the drill's sandbox refuses {what}: {read.decode(errors='replace')}")
        return json.loads(read)
