"""App Configuration as a FlagStore: conditional writes of the smallest change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from azure.appconfiguration import ConfigurationSetting
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline import PipelineResponse

from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.app_configuration import FLAG_KEYS, Store
from quarterdeck.providers.azure.faults import reading, writing
from quarterdeck.providers.azure.feature_flag import changed, flag_reading, parse
from quarterdeck.providers.base import FlagSurvey, Observed, Progress, ProviderError, Receipt, Refused
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.settlement import Settlement, settle_flag
from quarterdeck.release.survey import FlagLimits

CONTENT_TYPE = "application/vnd.microsoft.appconfig.ff+json"

MOST_LABELS = 5
"""Labels that one filter can name (Microsoft's documentation); for more, the flags of all labels are listed."""

NO_LABEL = "\0"


class AppConfigurationFlags:
    """The feature flags of one store."""

    source = "azure app configuration"

    def __init__(self, store: Store) -> None:
        self._store = store

    async def observe(self, places: Sequence[Place]) -> Observed:
        """List the flags of all labels that these places use, in one go."""
        labels = {_label(place.address) for place in places}
        try:
            with reading(self._store.host or "App Configuration"):
                found = await self._list(f"{FLAG_KEYS}*", labels)
        except ProviderError as error:
            return {place.subject: error.trouble for place in places}
        return {place.subject: _of_place(place.address, found) for place in places}

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        label = label or _label(address)
        with reading(f"flag {name}"):
            setting = await self._get(name, label)
            everywhere = await self._list(f"{FLAG_KEYS}{_escaped(name)}", set())
        flag = _flag(setting)
        others = tuple(other for other in everywhere if other.label != label)
        return FlagSurvey(flag, others, tuple(_risks(flag, setting)), limits=FlagLimits(labels=True))

    async def permitted(self, address: Address) -> bool | None:
        """Unknown: what a key or a role of the data plane may do can't be asked, only tried."""
        return None

    async def send(self, step: Step) -> Receipt:
        """Write the flag if it is still the version that was read when the step was planned."""
        name, label = str(step.change["name"]), str(step.change["label"])
        try:
            with reading(f"flag {name}"):
                setting = await self._get(name, label)
                text = json.dumps(changed(parse(setting.value), step.change), ensure_ascii=False)
        except ProviderError as error:
            raise error.before_sending() from None
        if setting.etag != step.before.get("etag", setting.etag):
            raise Refused("provider_error", f"flag {name}: somebody else changed it in the meantime", "plan it again")
        setting.value = text
        with writing(f"flag {name}"):
            await self._store.token_for_a_write()
            try:
                await self._store.client.set_configuration_setting(
                    setting, match_condition=MatchConditions.IfNotModified, retry_total=0
                )
            except HttpResponseError as error:
                # A pooled connection that broke makes the HTTP library send a PUT once more. If the first one took
                # effect, the second meets our own change.
                if error.status_code == 412 and await self._is(name, label, text):
                    return Receipt()
                raise
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A flag is written with the answer; applications follow as they refresh."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        name, label = str(step.change["name"]), str(step.change["label"])
        with reading(f"flag {name}"):
            return settle_flag(step, _flag(await self._get(name, label)))

    async def _is(self, name: str, label: str, text: str) -> bool:
        return bool((await self._get(name, label)).value == text)

    async def _get(self, name: str, label: str) -> ConfigurationSetting:
        """The setting of a flag as it is on the wire.

        The SDK's own class for flags rewrites the value (it adds `display_name` and `description`) and forgets the
        description of the setting: measured with azure-appconfiguration 1.10.0.
        """
        seen = _Seen()
        try:
            await self._store.client.get_configuration_setting(
                f"{FLAG_KEYS}{name}", label=label or None, raw_response_hook=seen
            )
        except ResourceNotFoundError:
            where = f"under label {label}" if label else "without a label"
            raise ProviderError("not_found", f"there is no flag {name} {where}", "qd flag list shows them") from None
        body = seen.body
        return ConfigurationSetting(
            key=body["key"],
            label=body.get("label"),
            value=body.get("value"),
            content_type=body.get("content_type"),
            tags=body.get("tags") or {},
            etag=body.get("etag"),
            read_only=bool(body.get("locked")),
            last_modified=body.get("last_modified"),
            **({"description": body["description"]} if body.get("description") else {}),
        )

    async def _list(self, key_filter: str, labels: set[str]) -> list[FlagReading]:
        some = ",".join(map(_label_filter, sorted(labels))) if 0 < len(labels) <= MOST_LABELS else None
        settings = self._store.client.list_configuration_settings(key_filter=key_filter, label_filter=some)
        return [flag for flag in [_observed(setting) async for setting in settings] if flag is not None]


class _Seen:
    """A `raw_response_hook` that keeps the body of an answer."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}

    def __call__(self, response: PipelineResponse[Any, Any]) -> None:
        if response.http_response.status_code == 200:
            self.body = json.loads(response.http_response.text())


def _label(address: Address) -> str:
    return address.parts.get("label", "")


def _of_place(address: Address, flags: Iterable[FlagReading]) -> FlagsReading:
    label, prefix = _label(address), address.parts.get("prefix", "")
    mine = [flag for flag in flags if flag.label == label and flag.name.startswith(prefix)]
    return FlagsReading(tuple(sorted(mine, key=lambda flag: flag.name.lower())))


def _observed(setting: ConfigurationSetting) -> FlagReading | None:
    """A flag of a list; one whose value can't be read is shown as such and as off, as libraries take it."""
    if not setting.key.startswith(FLAG_KEYS):
        return None
    try:
        return _flag(setting)
    except ProviderError:
        name = setting.key.removeprefix(FLAG_KEYS)
        return FlagReading(name, False, setting.label or "", other_rules=("unreadable",), etag=setting.etag or "")


def _flag(setting: ConfigurationSetting) -> FlagReading:
    return flag_reading(
        setting.key.removeprefix(FLAG_KEYS),
        parse(setting.value),
        label=setting.label or "",
        etag=setting.etag or "",
        locked=bool(setting.read_only),
        modified_at=_seconds(setting.last_modified),
    )


def _risks(flag: FlagReading, setting: ConfigurationSetting) -> Iterator[Risk]:
    if not (setting.content_type or "").startswith(CONTENT_TYPE):
        yield Risk(
            "warning",
            "content-type",
            f"{flag.name} lacks the content type of feature flags: some libraries don't load it",
            f"set it to {CONTENT_TYPE};charset=utf-8",
        )
    if flag.other_rules:
        rules = ", ".join(flag.other_rules)
        yield Risk("info", "other-rules", f"{flag.name} also has rules that stay as they are: {rules}")


def _seconds(moment: object) -> float | None:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    return moment.timestamp() if isinstance(moment, datetime) else None


def _label_filter(label: str) -> str:
    return _escaped(label) if label else NO_LABEL


def _escaped(text: str) -> str:
    """With a backslash before what means something in a filter (Microsoft's documentation)."""
    return "".join(f"\\{character}" if character in "*,\\" else character for character in text)
