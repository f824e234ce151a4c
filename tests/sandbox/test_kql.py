"""The part of Kusto that Resource Graph queries can use here."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.sandbox.kql import parse
from quarterdeck.sandbox.kql_tokens import QueryError

ROWS: list[dict[str, Any]] = [
    {
        "name": "App",
        "type": "web",
        "size": 3,
        "tags": {"owner": "ana"},
        "properties": {"state": "Running", "n": [1, 2]},
    },
    {"name": "bar", "type": "web", "size": 10, "tags": {}, "properties": {"state": "Stopped"}},
    {"name": "cat-app", "type": "db", "size": None, "tags": {"owner": "Bo"}, "properties": {}},
]


def names(query: str) -> list[Any]:
    return [row["name"] for row in parse(query).run(ROWS)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("type == 'web'", ["App", "bar"]),
        ("type == 'WEB'", []),
        ("type =~ 'WEB'", ["App", "bar"]),
        ("type != 'web'", ["cat-app"]),
        ("name !~ 'APP'", ["bar", "cat-app"]),
        ("name in ('App', 'bar')", ["App", "bar"]),
        ("name in~ ('app')", ["App"]),
        ("name !in~ ('app', 'BAR')", ["cat-app"]),
        ("name contains 'AP'", ["App", "cat-app"]),
        ("name !contains 'ap'", ["bar"]),
        ("name has 'app'", ["App", "cat-app"]),
        ("name has 'ap'", []),
        ("name startswith 'c'", ["cat-app"]),
        ("name endswith 'P'", ["App", "cat-app"]),
        ("size > 3", ["bar"]),
        ("size <= 3", ["App"]),
        ("properties.state == 'Running'", ["App"]),
        ("tags['owner'] =~ 'BO'", ["cat-app"]),
        ("properties.n[1] == 2", ["App"]),
        ("isnull(size)", ["cat-app"]),
        ("isnotempty(tags.owner)", ["App", "cat-app"]),
        ("tolower(name) == 'app'", ["App"]),
        ("not(type == 'web')", ["cat-app"]),
        ("type == 'db' or size == 3 and name == 'App'", ["App", "cat-app"]),
        ("(type == 'db' or size == 3) and name == 'App'", ["App"]),
        ("properties.state != 'Running'", ["bar"]),
    ],
)
def test_conditions(condition: str, expected: list[str]) -> None:
    assert names(f"Resources | where {condition}") == expected


def test_stages_follow_each_other() -> None:
    query = parse(
        """// the running ones
        Resources
        | where isnotempty(properties.state)
        | extend up = properties.state == 'Running'
        | project name, up, state = properties.state, tags.owner
        | order by name desc
        | take 1"""
    )
    assert query.table == "resources"
    assert query.run(ROWS) == [{"name": "bar", "up": False, "state": "Stopped", "tags_owner": None}]


def test_a_query_may_begin_with_a_stage() -> None:
    assert names("where type == 'db'") == ["cat-app"]


def test_sorting_is_descending_unless_told_otherwise_and_by_several_keys() -> None:
    assert names("order by size") == ["bar", "App", "cat-app"]
    assert names("sort by type asc, size asc") == ["cat-app", "App", "bar"]


def test_counting() -> None:
    assert parse("Resources | count").run(ROWS) == [{"Count": 3}]
    assert parse("Resources | summarize count() by type").run(ROWS) == [
        {"type": "web", "count": 2},
        {"type": "db", "count": 1},
    ]
    assert parse("Resources | summarize n=count() by owner=tostring(tags.owner)").run(ROWS)[0] == {
        "owner": "ana",
        "n": 1,
    }


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ("Resources | mv-expand a", 1, 12),
        ("Resources\n| where name ==", 2, 15),
        ("Resources | where name = 'a'", 1, 23),
        ("Resources | limit many", 1, 18),
        ("Resources | where f(name)", 1, 18),
        ("Resources || count", 1, 11),
        ("'x'", 1, 0),
        ("", 1, 0),
        ("Resources | where name == 'a", 1, 26),
    ],
)
def test_what_it_does_not_know_is_refused_with_the_place(query: str, line: int, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert (caught.value.line, caught.value.column) == (line, column)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_either_a_query_or_refused(text: str) -> None:
    with suppress(QueryError):
        parse(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20))
def test_a_quoted_text_equals_itself(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert len(parse(f"Resources | where name == '{quoted}'").run([{"name": text}, {"name": text + "x"}])) == 1
