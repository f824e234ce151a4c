"""A reverse proxy of Caddy as a TrafficRouter between its upstreams.

All weights of a handler are one list, written at once. The write is conditional on the whole handler being as it was
read right before (`If-Match`): of two that change it at the same time one gets 412, and an upstream that was added
meanwhile can't get somebody else's weight. Values are absolute; written again they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading, TrafficReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, TrafficSurvey
from quarterdeck.providers.caddy.api import Admin, Vitals
from quarterdeck.providers.caddy.handlers import LIMITS, Handler, found_in, handler_of, risks
from quarterdeck.providers.caddy.restarts import Restarts
from quarterdeck.providers.shares import is_due
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares


class Upstreams:
    """The reverse proxies of one Caddy."""

    source = "caddy admin api"

    def __init__(self, admin: Admin, restarts: Restarts) -> None:
        self._admin = admin
        self._restarts = restarts

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One request for the config, however many places there are, and one for how Caddy and its upstreams are."""
        try:
            config = await self._admin.config(watching=True)
        except ProviderError as error:
            return {place.subject: error.trouble for place in places}
        documents = found_in(config, [place.address for place in places])
        vitals = await self._admin.vitals(watching=True)
        return {place.subject: self._seen(documents[place.address.key], place.address, vitals) for place in places}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        config = await self._admin.config()
        handler = handler_of(found_in(config, [address])[address.key], address)
        reading = await self._reading(handler)
        return TrafficSurvey(reading, LIMITS, tuple(risks(handler, config, reading)))

    async def permitted(self, address: Address) -> bool | None:
        """Whoever may read a Caddy's config over its endpoint may change it."""
        return True

    async def send(self, step: Step) -> Receipt:
        """Replace the list of weights, if the handler is as the plan has seen it."""
        try:
            handler, etag = await self._handler(step.address)
            if not is_due(step, await self._reading(handler)):
                return Receipt()
        except ProviderError as error:
            raise error.before_sending() from None
        weights = handler.weights_for(step.change["shares"])
        await self._admin.change(step.address, handler.weights_path, weights, etag)
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """Weights are in force with the answer."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        handler, _ = await self._handler(step.address)
        return settle_shares(step, handler.reading({}))

    async def _handler(self, address: Address) -> tuple[Handler, str]:
        document, etag = await self._admin.part(address)
        return handler_of(document, address), etag

    async def _reading(self, handler: Handler) -> TrafficReading:
        return handler.reading((await self._admin.vitals()).up if handler.checked else {})

    def _seen(self, document: Any, address: Address, vitals: Vitals) -> Reading | Trouble:
        try:
            handler = handler_of(document, address)
        except ProviderError as error:
            return error.trouble
        drift = self._restarts.took(address.key, handler, vitals.started)
        return replace(handler.reading(vitals.up), drift=drift)
