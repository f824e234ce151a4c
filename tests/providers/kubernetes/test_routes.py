"""Rules of an HTTPRoute of the Gateway API as a TrafficRouter."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.providers.kubernetes.api_server import ApiServer
from tests.providers.kubernetes.lab import SHOP, Lab
from tests.providers.kubernetes.objects import endpoints, route
from tests.providers.loopback import listening, says

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused, TrafficRouter
from quarterdeck.providers.kubernetes.cluster import JSON, Cluster
from quarterdeck.providers.kubernetes.kubeconfig import Access
from quarterdeck.providers.kubernetes.routes import rule_of
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.testing.conformance import check_observing, check_shift, steps_of


async def begun(lab: Lab, *rules: dict[str, int], **labels: str) -> tuple[TrafficRouter, Place]:
    await lab.create("httproutes", route("web", *(rules or ({"stable": 9, "canary": 1},)), **labels))
    return lab.router(), lab.place(route="web")


async def step_to(router: TrafficRouter, place: Place, share: float) -> Step:
    survey = await router.survey_traffic(place.address)
    (step,) = steps_of(plan_shift(Shift(SHOP, {"canary": share}), [Router(place, survey)]), f"canary={share:g}")
    return step


async def weights(lab: Lab, rule: int = 0) -> list[int]:
    found = await lab.get("httproutes", "web")
    return [one["weight"] for one in found["spec"]["rules"][rule]["backendRefs"]]


async def test_a_shift_and_the_way_back(lab: Lab) -> None:
    router, place = await begun(lab)
    await check_observing(router, [place], lab.place("gone", route="gone"))
    await check_shift(router, place, {"stable": 75, "canary": 25})
    assert await weights(lab) == [90, 10]
    await check_shift(router, place, {"stable": 99.9, "canary": 0.1})
    assert await weights(lab) == [90, 10]


async def test_only_the_weights_of_the_rule_that_is_meant_are_touched(lab: Lab) -> None:
    router, _ = await begun(lab, {"stable": 100, "canary": 0}, {"stable": 1, "canary": 1, "third": 2})
    before = copy.deepcopy((await lab.get("httproutes", "web"))["spec"])
    place = lab.place(route="web", rule="1")
    await router.send(await step_to(router, place, 50))
    after = (await lab.get("httproutes", "web"))["spec"]
    assert after["rules"][0] == before["rules"][0]
    assert {key: value for key, value in after.items() if key != "rules"} == {
        key: value for key, value in before.items() if key != "rules"
    }
    assert sum(one["weight"] for one in after["rules"][1]["backendRefs"]) in (100, 1000)
    for now, then in zip(after["rules"][1]["backendRefs"], before["rules"][1]["backendRefs"], strict=True):
        assert {**now, "weight": 0} == {**then, "weight": 0}


async def test_a_rule_is_named_by_place_or_name_and_must_be_where_there_are_several(lab: Lab) -> None:
    document = route("web", {"a": 1}, {"b": 1})
    document["spec"]["rules"][1]["name"] = "checkout"
    await lab.create("httproutes", document)
    router = lab.router()
    for rule, backend in (("0", "a"), ("1", "b"), ("checkout", "b")):
        survey = await router.survey_traffic(lab.place(route="web", rule=rule).address)
        assert [one.name for one in survey.reading.destinations] == [backend]
    for parts in ({}, {"rule": "2"}, {"rule": "payment"}):
        place = lab.place(route="web", **parts)
        with pytest.raises(ProviderError) as caught:
            await router.survey_traffic(place.address)
        assert "there are 0, checkout" in caught.value.trouble.hint
        assert isinstance((await router.observe([place]))[place.subject], Trouble)


async def test_nobody_is_left_without_a_backend(lab: Lab) -> None:
    router, place = await begun(lab)
    survey = await router.survey_traffic(place.address)
    no = plan_shift(Shift(SHOP, {"canary": 0, "stable": 0}), [Router(place, survey)])
    assert isinstance(no, Refusal)
    await lab.patch("httproutes", "web", {"spec": route("web", {"stable": 0, "canary": 0})["spec"]})
    reading = (await router.observe([place]))[place.subject]
    assert isinstance(reading, TrafficReading)
    assert reading.status == "all weights are 0: clients get errors"
    assert [one.share for one in reading.destinations] == [0, 0]


async def test_a_weight_that_isnt_there_is_1(own: ApiServer, own_lab: Lab) -> None:
    router, place = await begun(own_lab, {"stable": 3, "canary": 1})
    del own.objects["shop", "httproutes", "web"]["spec"]["rules"][0]["backendRefs"][1]["weight"]
    reading = (await router.survey_traffic(place.address)).reading
    assert [one.share for one in reading.destinations] == [75, 25]


async def test_what_somebody_changed_since_the_plan_is_left_alone(lab: Lab) -> None:
    router, place = await begun(lab)
    step = await step_to(router, place, 25)
    await lab.patch("httproutes", "web", {"spec": route("web", {"stable": 50, "canary": 50})["spec"]})
    assert (await router.settle(step)).state == "changed_by_other"
    with pytest.raises(Refused, match="somebody changed it"):
        await router.send(step)
    assert await weights(lab) == [50, 50]


async def test_a_change_between_our_read_and_our_write_is_a_conflict(own: ApiServer, own_lab: Lab) -> None:
    router, place = await begun(own_lab)
    step = await step_to(router, place, 25)

    def meanwhile() -> None:
        own.objects["shop", "httproutes", "web"]["metadata"]["resourceVersion"] = "9999"

    def fall_silent() -> None:
        raise ConnectionError

    own.before_patch = meanwhile
    with pytest.raises(Refused, match="has been modified"):
        await router.send(step)
    own.before_patch = fall_silent
    with pytest.raises(InDoubt):
        await router.send(step)
    assert (await router.settle(step)).state == "not_done"
    await router.send(step)
    assert (await router.settle(step)).state == "done"
    writes = [asked for asked in own.loopback.asked if asked.method == "PATCH"]
    assert len(writes) == 3
    assert writes[0].params["fieldManager"] == ["quarterdeck"]


async def test_an_old_version_of_the_route_is_refused_by_the_server(lab: Lab) -> None:
    """The condition that every write carries is one that API servers honour, in a JSON patch too."""
    await begun(lab)
    access = Access(lab.url, "", lab.authority.read_text(), "alice-token")
    cluster = Cluster(lambda: access, SystemClock(), lambda: None, 10)
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{lab.namespace}/httproutes/web"
    old = (await cluster.get(path))["metadata"]["resourceVersion"]
    set_it = {"op": "add", "path": "/spec/rules/0/backendRefs/1/weight", "value": 25}
    condition = {"op": "replace", "path": "/metadata/resourceVersion", "value": old}
    await cluster.patch(path, JSON, [condition, set_it])
    with pytest.raises(Refused, match="409"):
        await cluster.patch(path, JSON, [condition, {**set_it, "value": 50}])
    with pytest.raises(Refused, match="422"):
        await cluster.patch(path, JSON, [{**set_it, "value": -1}])
    assert await weights(lab) == [9, 25]
    await cluster.close()


def said(kind: str, status: str, reason: str, generation: int = 1) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "observedGeneration": generation}


@pytest.mark.parametrize(
    ("conditions", "words", "code"),
    [
        ([said("Accepted", "True", "Accepted"), said("ResolvedRefs", "True", "ResolvedRefs")], "public accepted", ""),
        ([said("Accepted", "False", "NoMatchingListenerHostname")], "Accepted: NoMatchingListener", "not-accepted"),
        (
            [said("Accepted", "True", "Accepted"), said("ResolvedRefs", "False", "BackendNotFound")],
            "ResolvedRefs: BackendNotFound",
            "unresolved",
        ),
        ([said("Accepted", "True", "Accepted", 0)], "hasn't seen the last change yet", ""),
        ([], "no gateway has said anything", ""),
    ],
)
async def test_what_the_gateways_say_is_told(conditions: list[dict[str, Any]], words: str, code: str, lab: Lab) -> None:
    router, place = await begun(lab)
    parents = [{"parentRef": {"name": "public"}, "conditions": conditions}] if conditions else []
    await lab.status("httproutes", "web", {"parents": parents})
    survey = await router.survey_traffic(place.address)
    assert words in survey.reading.status
    assert {risk.code for risk in survey.risks} == ({code} if code else set())


async def test_a_route_that_argo_rollouts_moves_is_a_danger(lab: Lab) -> None:
    router, place = await begun(lab, **{"rollouts.argoproj.io/gatewayapi-canary": "in-progress"})
    assert [risk.code for risk in (await router.survey_traffic(place.address)).risks] == ["argo-rollouts"]


@pytest.mark.parametrize(
    ("key", "value", "tool"),
    [
        ("annotations", {"argocd.argoproj.io/tracking-id": "shop:gateway/HTTPRoute:shop/web"}, "Argo CD (shop)"),
        ("labels", {"argocd.argoproj.io/instance": "shop"}, "Argo CD (shop)"),
        ("labels", {"kustomize.toolkit.fluxcd.io/name": "apps"}, "Flux (apps)"),
        ("labels", {"helm.toolkit.fluxcd.io/name": "web"}, "Flux (web)"),
    ],
)
async def test_what_a_repository_declares_would_be_taken_back(
    key: str, value: dict[str, str], tool: str, lab: Lab
) -> None:
    document = route("web", {"stable": 9, "canary": 1})
    document["metadata"][key] = value
    await lab.create("httproutes", document)
    place = lab.place(route="web")
    (risk,) = (await lab.router().survey_traffic(place.address)).risks
    assert (risk.severity, risk.text.startswith(f"{tool} keeps this route")) == ("warning", True)


async def test_observing_reads_a_namespace_with_one_list_in_pages(own: ApiServer, own_lab: Lab) -> None:
    for number in range(250):
        own.put("shop", "httproutes", route(f"web-{number}", {"stable": 1}))
    places = [own_lab.place(f"web-{number}", route=f"web-{number}") for number in range(250)]
    found = await own_lab.router().observe(places)
    assert len(found) == 250
    assert not [one for one in found.values() if isinstance(one, Trouble)]
    assert [asked.path.rpartition("/")[2] for asked in own.loopback.asked] == [*["httproutes"] * 3, "endpointslices"]


async def test_what_isnt_installed_says_so(own: ApiServer, own_lab: Lab) -> None:
    own.installed.discard("httproutes")
    place = own_lab.place(route="web")
    router = own_lab.router()
    trouble = (await router.observe([place]))[place.subject]
    assert isinstance(trouble, Trouble)
    assert "gateway.networking.k8s.io/v1 is installed" in trouble.hint
    with pytest.raises(ProviderError) as caught:
        await router.survey_traffic(place.address)
    assert caught.value.trouble.code == "not_found"


async def test_rights_are_asked_of_the_server_and_remembered_for_a_while(own: ApiServer, own_lab: Lab) -> None:
    router = own_lab.router()
    place = own_lab.place(route="web")
    for _ in range(3):
        assert await router.permitted(place.address) is True
    assert len(own.loopback.asked) == 1


async def test_clients_never_all_go_where_no_pod_is_ready(own: ApiServer, own_lab: Lab) -> None:
    router, place = await begun(own_lab)
    own.put("shop", "endpointslices", endpoints("stable", True, True))
    own.put("shop", "endpointslices", endpoints("canary", True))
    reading = (await router.observe([place]))[place.subject]
    assert isinstance(reading, TrafficReading)
    assert [(one.health, one.status) for one in reading.destinations] == [
        ("healthy", "2 endpoints ready"),
        ("healthy", "1 endpoint ready"),
    ]
    step = await step_to(router, place, 100)
    own.objects["shop", "endpointslices", "canary-x"]["endpoints"][0]["conditions"]["ready"] = False
    with pytest.raises(Refused, match=r"last healthy destination \(stable\)"):
        await router.send(step)
    survey = await router.survey_traffic(place.address)
    assert [one.health for one in survey.reading.destinations] == ["healthy", "unhealthy"]
    no = plan_shift(Shift(SHOP, {"canary": 100}), [Router(place, survey)])
    assert isinstance(no, Refusal)


async def test_where_endpoints_cant_be_read_nothing_is_said_of_health(own: ApiServer, own_lab: Lab) -> None:
    router, place = await begun(own_lab)
    own.installed.discard("endpointslices")
    reading = (await router.survey_traffic(place.address)).reading
    assert [(one.health, one.status) for one in reading.destinations] == [("unknown", "")] * 2


def test_backends_that_nothing_tells_apart_are_told() -> None:
    """Weights go by name: each of the two would get what both are to have."""
    twice = route("web", {"stable": 9, "canary": 1})
    refs = twice["spec"]["rules"][0]["backendRefs"]
    refs.append(dict(refs[1]))
    with pytest.raises(ProviderError, match="twice"):
        rule_of(twice, "")


async def test_a_write_without_a_way_into_the_cluster_was_refused() -> None:
    def nowhere() -> Access:
        raise ProviderError("misconfigured", "there is no kubeconfig")

    with pytest.raises(Refused, match="no kubeconfig"):
        await Cluster(nowhere, SystemClock(), lambda: None, 10).patch("/x", JSON, [])


async def test_a_list_without_an_end_is_garbage_and_not_read_for_ever() -> None:
    async with listening(lambda _: says({"items": [], "metadata": {"continue": "more"}})) as server:
        cluster = Cluster(lambda: Access(server.url, "nobody"), SystemClock(), lambda: None, 10)
        with pytest.raises(ProviderError, match="without end"):
            await cluster.items("/x")
        await cluster.close()
    assert len(server.asked) < 200
