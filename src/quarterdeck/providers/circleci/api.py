"""CircleCI's API v2 as it wants to be asked.

Facts are from CircleCI's documentation ("CircleCI API v2 Introduction", "API developer's guide"): a token of a person
goes into `Circle-Token`; who asks too often gets 429 with `Retry-After`; lists come in pages with a `next_page_token`;
what a token may not see is 404. It sends no ETag.
"""

from __future__ import annotations

from typing import Any

from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.circleci.documents import Document, items
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import Manners, Params, Rest

MOST_PAGES = 5
"""Pages of one list that are read."""


class CircleCIManners(Manners):
    """CircleCI's refusals."""

    limit = "CircleCI's rate limit"
    limit_hint = "a token of its own, or fewer projects"

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 401:
                return "the token is wrong or revoked: make another personal API token"
            case 403:
                return "the token's owner may not do that: writing takes a member of the project's organization"
            case 404:
                return "check the project's slug; CircleCI also answers 404 for what a token may not see"
        return ""


class Pages:
    """Reads lists."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def first(self, path: str, params: Params = (), *, watching: bool = False) -> list[Document]:
        """The first page: the newest. Raises ProviderError."""
        return list(items(await self._rest.get(path, params, watching=watching), self._rest.host))

    async def all(self, path: str, *, watching: bool = False) -> list[Document]:
        """Every page. Raises ProviderError (garbage if there is no end)."""
        found: list[Document] = []
        token = ""
        for _ in range(MOST_PAGES):
            body: Any = await self._rest.get(path, (("page-token", token),) if token else (), watching=watching)
            found += items(body, self._rest.host)
            token = str(body.get("next_page_token") or "")
            if not token:
                return found
        raise ProviderError("garbage", f"{self._rest.host} has a list without end", "ask for less")
