"""What an environment of a repository has now, by GitHub's deployments (its documentation, "Deployments", "Deployment
statuses"): a job that names an environment makes one, and its success makes earlier ones inactive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.github.documents import items, moment
from quarterdeck.providers.http.rest import Rest
from quarterdeck.release.freshness import stamp

MOST = 3
"""So many deployments are looked at, the newest first; one that is under way or has failed is nothing that is there."""


async def standing(api: Rest, repository: str, environment: str) -> str:
    """What would be replaced there, as a sentence for whoever approves: the commit, since when, and who brought it.

    "" where nobody knows, or the token may not read deployments: then an approval says less, and isn't refused.

    Args:
        repository: its path, `/repos/OWNER/NAME`.
    """
    newest = (("environment", environment), ("per_page", str(MOST)))
    try:
        for one in items(await api.get(f"{repository}/deployments", newest), "", api.host):
            number = one.get("id")
            if not isinstance(number, int):
                continue
            path = f"{repository}/deployments/{number}/statuses"
            statuses = items(await api.get(path, (("per_page", "1"),)), "", api.host)
            if statuses and statuses[0].get("state") == "success":
                return _told(one, environment)
    except ProviderError:
        return ""
    return ""


def _told(deployment: Mapping[str, Any], environment: str) -> str:
    creator, at = deployment.get("creator"), moment(deployment.get("created_at"))
    who = clean(str(creator.get("login") or ""), 60) if isinstance(creator, Mapping) else ""
    commit, ref = (clean(str(deployment.get(key) or ""), 60) for key in ("sha", "ref"))
    since = f" since {stamp(at)}" if at is not None else ""
    return f"{clean(environment, 60)} has {commit[:8] or '?'} of {ref or '?'}{since}{f', by {who}' if who else ''}"
