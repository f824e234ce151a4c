"""Variable groups: what a new run would find in them. Values of secrets are never told, by Azure DevOps neither."""

from __future__ import annotations

import asyncio
import json

from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure_pipelines.api import Document, below, everything, part, text
from quarterdeck.providers.azure_pipelines.people import name_of
from quarterdeck.providers.http.rest import Rest
from quarterdeck.release.plan import Risk

MOST_SHOWN = 12
"""Variables of a group that are told by name and value."""

_VERSION = ("api-version", "7.1")


async def about_groups(api: Rest, project: str, declared: str) -> tuple[Risk, ...]:
    """What the declared groups hold, as remarks on a plan. `declared` is a JSON list of names, "" for none.

    Raises:
        ProviderError: they can't be read.
    """
    names = [str(name) for name in json.loads(declared)] if declared else []
    path = below(project, "distributedtask/variablegroups")
    asked = (everything(api, path, (("groupName", name), _VERSION)) for name in names)
    return tuple(about_group(name, found) for name, found in zip(names, await asyncio.gather(*asked), strict=True))


def about_group(name: str, found: list[Document]) -> Risk:
    """What is found of a group, as a remark."""
    group = next((one for one in found if text(one, "name").lower() == name.lower()), None)
    if group is None:
        said = f"there is no variable group {clean(name, 60)} that this token may see"
        return Risk("warning", "variables", said, "check its name, and who may read it")
    variables = part(group, "variables")
    plain = {key: part(variables, key) for key in variables if part(variables, key).get("isSecret") is not True}
    shown = [f"{clean(key, 40)}={clean(str(one.get('value') or ''), 60)}" for key, one in sorted(plain.items())]
    more = f", and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    hidden = len(variables) - len(plain)
    secrets = f"; {hidden} secret{'s' if hidden > 1 else ''}" if hidden else ""
    changed, by = text(group, "modifiedOn", 40)[:10], name_of(part(group, "modifiedBy"))
    when = f" (changed {changed}{f' by {by}' if by else ''})" if changed else ""
    return Risk(
        "info", "variables", f"variable group {clean(name, 60)}{when}: {', '.join(shown[:MOST_SHOWN])}{more}{secrets}"
    )
