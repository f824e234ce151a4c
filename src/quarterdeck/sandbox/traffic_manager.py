"""Microsoft.Network/trafficManagerProfiles on the wire. All calls are synchronous, and none takes an ETag.

Shapes are those of the published specifications 2022-04-01 and 2026-09-01 and of recorded traffic: ids in camel
case, a PUT of an endpoint answers 201 even when it existed, a DELETE of nothing 204. Lists leave
`profileMonitorStatus` out; recordings show null there, so a client has to GET a profile for its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.profile import (
    DNS_SUFFIX,
    Endpoint,
    EndpointKind,
    InvalidProfile,
    Profile,
    ProfileConflict,
)
from quarterdeck.sandbox.world.profile_document import (
    endpoint_kind,
    merged,
    read_endpoint,
    read_profile,
    write_endpoint,
    write_profile,
)
from quarterdeck.sandbox.world.profiles import Profiles
from quarterdeck.sandbox.world.world import World

_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Network"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/trafficManagerProfiles"
_PROFILE = _GROUP + "/{profile}"
_ENDPOINT = _PROFILE + "/{kind}/{endpoint}"
_READ = "Microsoft.Network/trafficManagerProfiles/read"


class TrafficManagerService:
    """Profiles and their endpoints."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Profiles, endpoints, and whether a DNS name is free."""
        yield Route("GET", f"{_SUBSCRIPTION}/trafficManagerProfiles", self.list_in_subscription)
        yield Route("GET", _GROUP, self.list_in_group)
        yield Route("GET", _PROFILE, self.get)
        yield Route("PUT", _PROFILE, self.put)
        yield Route("PATCH", _PROFILE, self.patch)
        yield Route("DELETE", _PROFILE, self.delete)
        yield Route("GET", _ENDPOINT, self.get_endpoint)
        yield Route("PUT", _ENDPOINT, self.put_endpoint)
        yield Route("PATCH", _ENDPOINT, self.patch_endpoint)
        yield Route("DELETE", _ENDPOINT, self.delete_endpoint)
        yield Route("POST", "/providers/Microsoft.Network/checkTrafficManagerNameAvailability", self.check_name)
        yield Route("POST", f"{_SUBSCRIPTION}/checkTrafficManagerNameAvailabilityV2", self.check_name)

    async def list_in_subscription(self, request: Request) -> Response:
        """Every profile that the caller may read."""
        require_subscription(self._world, request)
        return self._list(request, self._profiles)

    async def list_in_group(self, request: Request) -> Response:
        """The profiles of a resource group."""
        require_subscription(self._world, request)
        name, _ = require_group(self._world, request)
        return self._list(request, (p for p in self._profiles if p.resource_group.lower() == name.lower()))

    async def get(self, request: Request) -> Response:
        """One profile with what monitoring says."""
        return Response(body=self._shown(self._find(request)))

    async def put(self, request: Request) -> Response:
        """Create (201) or replace (200) a profile as a whole, endpoints included."""
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        name = request.parameters["profile"]
        known = self._profiles.get(self._world.subscription, group, name)
        with _refusing():
            given = read_profile(_object(request), self._world.subscription, group, name)
            profile = self._profiles.put(given)
        return Response(200 if known else 201, self._shown(profile))

    async def patch(self, request: Request) -> Response:
        """Change the given properties; a given list replaces the old one."""
        known = self._find(request)
        document = merged(write_profile(known), _object(request))
        with _refusing():
            profile = self._profiles.put(read_profile(document, known.subscription, known.resource_group, known.name))
        return Response(body=self._shown(profile))

    async def delete(self, request: Request) -> Response:
        """Remove a profile; 204 when there is none."""
        require_subscription(self._world, request)
        profile = self._profiles.get(*_names(request))
        if profile is None:
            return Response(204)
        with _refusing():
            self._profiles.delete(profile)
        return Response(body={})

    async def get_endpoint(self, request: Request) -> Response:
        """One endpoint with its monitor status."""
        profile = self._find(request)
        return self._endpoint_shown(profile, self._find_endpoint(profile, request))

    async def put_endpoint(self, request: Request) -> Response:
        """Create or replace an endpoint; 201 in both cases, as the service does."""
        profile, kind = self._find(request), _kind(request)
        known = profile.endpoint(kind, request.parameters["endpoint"])
        free = max((endpoint.priority for endpoint in profile.endpoints), default=0) + 1
        with _refusing():
            given = read_endpoint(
                _object(request),
                kind,
                known.name if known else request.parameters["endpoint"],
                known.priority if known else free,
            )
        return self._endpoint_put(profile, given, 201)

    async def patch_endpoint(self, request: Request) -> Response:
        """Change the given properties of an endpoint."""
        profile = self._find(request)
        known = self._find_endpoint(profile, request)
        with _refusing():
            given = read_endpoint(merged(write_endpoint(profile, known), _object(request)), known.kind, known.name)
        return self._endpoint_put(profile, given, 200)

    async def delete_endpoint(self, request: Request) -> Response:
        """Remove an endpoint; 204 when there is none."""
        profile = self._find(request)
        known = profile.endpoint(_kind(request), request.parameters["endpoint"])
        if known is None:
            return Response(204)
        rest = tuple(endpoint for endpoint in profile.endpoints if endpoint.key != known.key)
        with _refusing():
            self._profiles.put(replace(profile, endpoints=rest))
        return Response(body={})

    async def check_name(self, request: Request) -> Response:
        """Whether a relative DNS name is free."""
        name = str(_object(request).get("name") or "")
        if not name:
            raise Refusal(400, "BadRequest", "The body needs the 'name' to check.")
        taken = self._profiles.named(name) is not None
        answer: dict[str, Any] = {
            "name": name,
            "type": "Microsoft.Network/trafficManagerProfiles",
            "nameAvailable": not taken,
        }
        if taken:
            answer |= {
                "reason": "AlreadyExists",
                "message": f"Domain name {name}.{DNS_SUFFIX} already exists. Please choose a different DNS prefix.",
            }
        return Response(body=answer)

    @property
    def _profiles(self) -> Profiles:
        return self._world.profiles

    def _list(self, request: Request, profiles: Iterable[Profile]) -> Response:
        self._profiles.observe()
        access = self._world.authorization
        return Response(
            body={
                "value": [
                    write_profile(profile, endpoint_statuses=self._profiles.statuses(profile))
                    for profile in profiles
                    if access.role(request.principal, profile.id).allows(_READ)
                ]
            }
        )

    def _shown(self, profile: Profile) -> dict[str, Any]:
        self._profiles.observe()
        return write_profile(profile, self._profiles.status(profile), self._profiles.statuses(profile))

    def _endpoint_shown(self, profile: Profile, endpoint: Endpoint, status: int = 200) -> Response:
        self._profiles.observe()
        monitored = self._profiles.statuses(profile)[endpoint.key]
        return Response(status, write_endpoint(profile, endpoint, monitored))

    def _endpoint_put(self, profile: Profile, given: Endpoint, status: int) -> Response:
        others = {endpoint.key: endpoint for endpoint in profile.endpoints}
        with _refusing():
            profile = self._profiles.put(replace(profile, endpoints=tuple({**others, given.key: given}.values())))
        stored = next(endpoint for endpoint in profile.endpoints if endpoint.key == given.key)
        return self._endpoint_shown(profile, stored, status)

    def _find(self, request: Request) -> Profile:
        require_subscription(self._world, request)
        require_group(self._world, request)
        profile = self._profiles.get(*_names(request))
        if profile is None:
            _, group, name = _names(request)
            raise Refusal(
                404,
                "ResourceNotFound",
                f"The Resource 'Microsoft.Network/trafficManagerProfiles/{name}' under resource group '{group}' was "
                "not found.",
            )
        return profile

    def _find_endpoint(self, profile: Profile, request: Request) -> Endpoint:
        name = request.parameters["endpoint"]
        endpoint = profile.endpoint(_kind(request), name)
        if endpoint is None:
            raise Refusal(404, "NotFound", f"The endpoint '{name}' was not found in the profile '{profile.name}'.")
        return endpoint


def _names(request: Request) -> tuple[str, str, str]:
    return request.parameters["subscription"], request.parameters["group"], request.parameters["profile"]


def _kind(request: Request) -> EndpointKind:
    with _refusing():
        return endpoint_kind(request.parameters["kind"])


def _object(request: Request) -> Mapping[str, Any]:
    body = request.json()
    if not isinstance(body, Mapping):
        raise Refusal(400, "InvalidRequestContent", "The request content must be a JSON object.")
    return body


@contextmanager
def _refusing() -> Iterator[None]:
    """What the world does not accept, in ARM's terms."""
    try:
        yield
    except InvalidProfile as error:
        raise Refusal(400, "BadRequest", str(error)) from error
    except ProfileConflict as error:
        raise Refusal(409, "Conflict", str(error)) from error
