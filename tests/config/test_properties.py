"""Whatever stands in a file, loading it ends in a fleet or in a ConfigError that can be shown."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from quarterdeck import config
from quarterdeck.fleet.targets import NAME, TargetId
from quarterdeck.fleet.topology import Address, Fleet, Place, Role


class Options(BaseModel):
    model_config = {"extra": "forbid"}

    account: str = "main"
    port: int | None = None


class Berth(BaseModel):
    model_config = {"extra": "forbid"}

    site: str


class Question(BaseModel):
    model_config = {"extra": "forbid"}

    query: str


PARTS: dict[str, type[BaseModel]] = {
    "connection": Options,
    "slots": Berth,
    "traffic": Berth,
    "flags": Berth,
    "gates": Question,
}


def load(content: bytes) -> config.Loaded | config.ConfigError:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "quarterdeck.yaml")
        file.write_bytes(content)
        try:
            return config.load(file, lambda name: PARTS if name == "harbour" else None, {"HOME": "/home/ana"})
        except config.ConfigError as error:
            return error


def ends_well(content: bytes) -> None:
    ended = load(content)
    if isinstance(ended, config.ConfigError):
        assert ended.problems
        assert all(problem.message and problem.file for problem in ended.problems)
        assert all(char.isprintable() or char == "\n" for char in str(ended))


@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    ends_well(content)


@given(st.text(alphabet="abc:-,[]{}&*!|>'\"#%@?~<$ \t\n\r\x85\u2028\x00éﬀ0", max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_text_made_of_what_yaml_is_made_of(text: str) -> None:
    ends_well(text.encode())


WORDS = """
fleet connections environments services rings regions swap include variables templates use provider account
harbour azure production flags label slots traffic site connection protected accent name weight source << ${
groups analyses gates schedules freezes approvals strategies overlap strategy hotfix releases_only exposure needs
artifact health approval schema truth steps analysis set_weight set_flag swap pause bake promote_ring rolling run deploy
probe command alerts work_items schedule cron for from until tz required current accepts url query count regions flag
"""
KEYS = st.sampled_from(WORDS.split())
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    KEYS,
    st.text(max_size=8),
    st.sampled_from(["${HOME}", "${var:a}", "${env:X:-y}", "$${", "${", "${keyring:a/b}", ".", "/dev/null", "\0"]),
)
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


SECTIONS = ["groups", "analyses", "gates", "schedules", "approvals", "strategies", "environments", "services"]
ODD = st.one_of(
    VALUES, st.sampled_from(["10m", "0s", "5%", "$service", "$x", "result < 1", "0 9 * * *", "https://$host"])
)
INNER = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
ENTRIES = st.dictionaries(KEYS, st.dictionaries(KEYS, INNER, max_size=6), max_size=3)


@given(st.fixed_dictionaries(dict.fromkeys(SECTIONS, ENTRIES)), st.lists(INNER, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_entries_in_the_right_sections(sections: dict[str, Any], freezes: list[Any]) -> None:
    top = {"fleet": "shop", "connections": {"azure": {"provider": "harbour"}}, "freezes": freezes}
    ends_well(yaml.safe_dump({**top, **sections}, allow_unicode=True).encode())


VERBS = ["deploy", "swap", "set_weight", "set_flag", "promote_ring", "rolling", "run"]
VERBS += ["pause", "bake", "analysis", "approval", "tolerance", "timeout"]
STEPS = st.lists(
    st.one_of(st.sampled_from(VERBS), st.dictionaries(st.sampled_from(VERBS), INNER, max_size=2)), max_size=4
)


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_any_steps(steps: list[Any]) -> None:
    ends_well(
        yaml.safe_dump({"fleet": "shop", "strategies": {"careful": {"steps": steps}}}, allow_unicode=True).encode()
    )


@given(st.dictionaries(KEYS, TREES, max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_tree_of_our_own_keys_in_the_wrong_places(tree: Any) -> None:
    ends_well(yaml.safe_dump(tree, allow_unicode=True).encode())


names = st.from_regex(r"[a-z][a-z0-9.-]{0,8}[a-z0-9]", fullmatch=True).filter(
    lambda name: NAME.fullmatch(name) is not None and name != "flags"
)
sites = st.text(alphabet="abcxyz019-_. /äß", min_size=1, max_size=12)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[Fleet, dict[str, Any]]:
    """A fleet, and the tree that declares it."""
    environments = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    services = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    places: list[Place] = []
    tree: dict[str, Any] = {}
    for service in services:
        tree[service] = {}
        for environment in draw(st.lists(st.sampled_from(environments), min_size=1, unique=True)):
            held: dict[str, Any] = {}
            spots: list[tuple[Role, str]] = draw(
                st.lists(
                    st.tuples(st.sampled_from(["slots", "traffic"]), st.sampled_from(["", "west", "north"])),
                    min_size=1,
                    unique=True,
                )
            )
            for role, region in sorted(spots, key=lambda spot: (["", "west", "north"].index(spot[1]), spot[0])):
                site = draw(sites)
                holder = held.setdefault("regions", {}).setdefault(region, {}) if region else held
                holder[role] = {"connection": "azure", "site": site}
                places.append(Place(role, TargetId(environment, service, region), Address("azure", {"site": site})))
            tree[service][environment] = held
    whole: dict[str, Any] = {
        "fleet": draw(names),
        "connections": {"azure": {"provider": "harbour"}},
        "environments": dict.fromkeys(environments),
        "services": tree,
    }
    return Fleet(whole["fleet"], places=tuple(places), services=tuple(services)), whole


@given(fleets())
@settings(max_examples=60, deadline=None)
def test_what_is_declared_is_what_is_loaded(given_fleet: tuple[Fleet, dict[str, Any]]) -> None:
    expected, tree = given_fleet
    loaded = load(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode())
    assert isinstance(loaded, config.Loaded), str(loaded)
    assert loaded.fleet.name == expected.name
    assert loaded.fleet.services == expected.services
    assert loaded.fleet.places == expected.places
    assert [environment.name for environment in loaded.fleet.environments] == list(tree["environments"])


@given(st.text(max_size=30))
def test_any_text_in_quotes_comes_out_as_it_went_in(text: str) -> None:
    account = text.replace("${", "$${")
    tree = {"fleet": "shop", "connections": {"azure": {"provider": "harbour", "account": account}}}
    try:
        content = yaml.safe_dump(tree, allow_unicode=False).encode()
    except yaml.YAMLError:
        pytest.skip("not a text that YAML can write")
    loaded = load(content)
    if isinstance(loaded, config.Loaded):
        assert loaded.fleet.connections[0].options["account"] == text
    else:
        assert "in clear" in str(loaded)
