"""One cluster's API server: objects listed, read and patched, and what we may do with them.

Facts are from the Kubernetes documentation ("Kubernetes API Concepts", "API Priority and Fairness"), and were measured
with kube-apiserver 1.20.2: a merge patch that holds `metadata.resourceVersion`, and a JSON patch that sets it, are
refused with 409 once the object has changed; other refusals are 401, 403 and 422, each with a `Status` that says why in
words. Lists come in pages (`limit`, `continue`). There are no ETags.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Manners, Params, Rest
from quarterdeck.providers.kubernetes.kubeconfig import Access
from quarterdeck.providers.kubernetes.signing import Signing
from quarterdeck.providers.kubernetes.trust import trusting

A_PAGE = 100
"""Objects in one answer: each is some ten kB with its managed fields."""

MOST_PAGES = 100
"""Of one list."""

MANAGER = "quarterdeck"
"""The name under which the API server notes our writes in `metadata.managedFields`."""

RIGHT_SECONDS = 60.0
"""An answer about our rights is taken for true so long."""

Patch = Literal["application/merge-patch+json", "application/json-patch+json"]
MERGE: Patch = "application/merge-patch+json"
JSON: Patch = "application/json-patch+json"


class KubernetesManners(Manners):
    """How an API server wants to be asked."""

    limit = "the share of requests that the API server gives us (priority and fairness)"
    limit_hint = "ask less often: a longer interval, fewer places"

    def __init__(self) -> None:
        self.token = ""

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 401:
                return "sign in again: the token is wrong or expired, or the user is gone from the cluster"
            case 403:
                return "give the user a Role that allows it"
            case 409:
                return "it has changed since it was read: plan again"
        return ""


class Cluster:
    """Opened with the first question. Shares the connections that stay open, and the one policy for requests."""

    def __init__(
        self, access: Callable[[], Access], clock: Clock, may_write: Callable[[], None], timeout: float
    ) -> None:
        """`access` finds the way in; it reads files, and raises ProviderError (misconfigured)."""
        self._find = access
        self._clock = clock
        self._may_write = may_write
        self._timeout = timeout
        self._manners = KubernetesManners()
        self._opened: tuple[Access, KeptAsking, Rest, Signing] | None = None
        self._rights: dict[str, tuple[float, bool]] = {}

    async def get(self, path: str, params: Params = (), *, watching: bool = False) -> Any:
        """The JSON there. Raises ProviderError."""
        rest = await self._ready()
        try:
            return await rest.get(path, params, watching=watching)
        except ProviderError as error:
            if not self._sign_again(error):
                raise
        return await (await self._ready()).get(path, params, watching=watching)

    async def items(self, path: str, params: Params = (), *, watching: bool = False) -> list[Mapping[str, Any]]:
        """All objects of a list, page by page. Raises ProviderError."""
        found: list[Mapping[str, Any]] = []
        further = ""
        for _ in range(MOST_PAGES):
            page = [*params, ("limit", str(A_PAGE)), *([("continue", further)] if further else [])]
            document = await self.get(path, page, watching=watching)
            if not isinstance(document, Mapping) or not isinstance(document.get("items"), Sequence):
                raise ProviderError("garbage", f"{self.host} sent no list", "check url")
            found += [one for one in document["items"] if isinstance(one, Mapping)]
            further = str((document.get("metadata") or {}).get("continue") or "")
            if not further:
                return found
        raise ProviderError("garbage", f"{self.host} has a list without end", "ask again later")

    async def patch(self, path: str, how: Patch, document: Any) -> None:
        """Send one patch, once. Raises Refused, InDoubt."""
        try:
            rest = await self._ready()
        except ProviderError as error:
            raise error.before_sending() from None
        await rest.write("PATCH", path, document, params=[("fieldManager", MANAGER)], headers={"Content-Type": how})

    async def may(self, verb: str, group: str, resource: str, namespace: str, name: str, subresource: str = "") -> bool:
        """Whether we may; asked of the server itself (SelfSubjectAccessReview). Raises ProviderError."""
        wanted = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name}
        wanted |= {"subresource": subresource} if subresource else {}
        key = json.dumps(wanted, sort_keys=True)
        at, known = self._rights.get(key, (float("-inf"), False))
        if self._clock.monotonic() - at < RIGHT_SECONDS:
            return known
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted},
        }
        answer = await self.ask("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        allowed = bool((answer.get("status") or {}).get("allowed"))
        self._rights[key] = (self._clock.monotonic(), allowed)
        return allowed

    async def ask(self, path: str, review: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a review answers: a POST that changes nothing. Raises ProviderError."""
        try:
            answer = await (await self._ready()).query(path, review)
        except ProviderError as error:
            if not self._sign_again(error):
                raise
            answer = await (await self._ready()).query(path, review)
        return answer if isinstance(answer, Mapping) else {}

    async def who(self) -> str:
        """Who the API server says we are; servers before 1.28 don't say it, so then what the kubeconfig calls us."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            answer = await self.ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        except ProviderError as error:
            if error.trouble.code not in ("not_found", "forbidden"):
                raise
            await self.get("/version")
            return self._open()[0].who
        user = (answer.get("status") or {}).get("userInfo") or {}
        return clean(str(user.get("username") or "?"), 100)

    @property
    def host(self) -> str:
        """Who is asked, for people."""
        return self._opened[2].host if self._opened else "the cluster"

    async def close(self) -> None:
        """Close what is open."""
        if self._opened is not None:
            await self._opened[1].close()

    async def _ready(self) -> Rest:
        """With a token that is good now."""
        _, asking, rest, signing = self._open()
        token = await signing.token()
        asking.hide(token)
        self._manners.token = token
        return rest

    def _open(self) -> tuple[Access, KeptAsking, Rest, Signing]:
        if self._opened is None:
            access = self._find()
            asking = KeptAsking(timeout=self._timeout, trust=trusting(access))
            rest = Rest(asking, access.url, self._clock, self._may_write, self._manners)
            self._opened = (access, asking, rest, Signing(access, self._clock))
        return self._opened

    def _sign_again(self, error: ProviderError) -> bool:
        """Whether another token is worth a try. A write is never tried again: a read goes before each of them."""
        return error.trouble.code == "unauthenticated" and self._opened is not None and self._opened[3].forget()
