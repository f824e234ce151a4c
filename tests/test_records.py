"""A record is a dataclass in everything but what it costs to define."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck import records


@records.dataclass(frozen=True, slots=True)
class Ours:
    """A frozen one."""

    KIND: ClassVar[str] = "a"
    name: str
    size: int = 3
    parts: Mapping[str, int] = records.field(default_factory=dict)

    @property
    def twice(self) -> int:
        return self.size * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """A frozen one."""

    KIND: ClassVar[str] = "a"
    name: str
    size: int = 3
    parts: Mapping[str, int] = dataclasses.field(default_factory=dict)


@records.dataclass(frozen=True, slots=True)
class Further(Ours):
    """One field more than its base."""

    colour: str = "red"


@records.dataclass(slots=True)
class Changeable:
    """Not frozen, and its methods are its own."""

    name: str
    seen: int = 0

    def __post_init__(self) -> None:
        self.seen += 1

    def __repr__(self) -> str:
        return f"<{self.name}>"


@records.dataclass(frozen=True, slots=True, order=True)
class Ordered:
    """Has a place among its like."""

    name: str
    size: int = 0


ARGUMENTS = st.tuples(st.text(max_size=3), st.integers(0, 3), st.dictionaries(st.text(max_size=2), st.integers(0, 2)))


@given(ARGUMENTS, ARGUMENTS)
def test_it_compares_and_prints_as_a_dataclass_does(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert (Ours(*one) == Ours(*other)) == (Theirs(*one) == Theirs(*other))
    assert repr(Ours(*one)) == repr(Theirs(*one)).replace("Theirs", "Ours")
    assert dataclasses.astuple(Ours(*one)) == dataclasses.astuple(Theirs(*one)) == records.astuple(Ours(*one))


def test_those_with_an_order_compare_field_by_field() -> None:
    assert sorted([Ordered("b"), Ordered("a", 2), Ordered("a", 1)]) == [Ordered("a", 1), Ordered("a", 2), Ordered("b")]
    assert Ordered("a") <= Ordered("a") >= Ordered("a")
    with pytest.raises(TypeError, match="not supported"):
        assert Ordered("a") < 1  # type: ignore[operator]


def test_arguments_are_taken_as_a_dataclass_takes_them() -> None:
    assert str(inspect.signature(Ours)).replace("Ours", "Theirs") == str(inspect.signature(Theirs)).replace(
        "<factory>", "<given by a factory>"
    )
    assert get_type_hints(Ours.__init__) == get_type_hints(Theirs.__init__)
    assert Ours("a").size == 3
    assert Ours("a").parts is not Ours("a").parts
    assert Ours("a", parts={"b": 1}).parts == {"b": 1}
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        Ours()  # type: ignore[call-arg]


def test_a_frozen_one_stays_as_it_is() -> None:
    one = Ours("a")
    for name in ("name", "new"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    assert not hasattr(one, "__dict__")
    assert hash(Further("a", 1, ())) == hash(Further("a", 1, ()))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)  # for it holds a dict


def test_the_tools_for_dataclasses_work_on_it() -> None:
    assert dataclasses.is_dataclass(Ours)
    assert [field.name for field in dataclasses.fields(Ours)] == ["name", "size", "parts"]
    assert records.names(Ours) == ("name", "size", "parts")
    assert dataclasses.replace(Ours("a"), size=5) == Ours("a", 5) == records.replace(Ours("a"), size=5)
    assert dataclasses.asdict(Ours("a")) == {"name": "a", "size": 3, "parts": {}}
    whole = Ours("a", 1, {"b": (Ours("c"), [Ours("d")])})  # type: ignore[dict-item]
    assert records.asdict(whole) == dataclasses.asdict(whole)
    assert records.replace(Theirs("a"), size=5) == Theirs("a", 5)
    assert records.names(Theirs) is None


def test_it_can_be_copied_pickled_and_taken_apart() -> None:
    one = Further("a", 1, {"b": 2}, "blue")
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))
    match one:
        case Further(name, size, _, colour):
            assert (name, size, colour) == ("a", 1, "blue")


def test_what_inherits_has_the_fields_of_its_base_first() -> None:
    assert records.names(Further) == ("name", "size", "parts", "colour")
    assert Further("a") != Ours("a")
    assert Further("a").twice == 6

    class Plain(Further):
        """No record itself."""

        def __init__(self) -> None:
            super().__init__("plain")

    assert Plain().name == "plain"
    assert Further("b").name == "b"


def test_a_changeable_one_keeps_methods_of_its_own() -> None:
    one = Changeable("a")
    one.seen += 1
    assert (repr(one), one.seen) == ("<a>", 2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_a_field_without_a_default_must_not_follow_one_that_has() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.name has no default, but size before it has"):

        @records.dataclass(frozen=True, slots=True)
        class Wrong:
            size: int = 3
            name: str  # type: ignore[misc]


def test_one_list_for_all_instances_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Wrong\.parts: one list for all instances"):

        @records.dataclass(frozen=True, slots=True)
        class Wrong:
            parts: list[str] = []  # noqa: RUF012 (that is the mistake)


def test_defining_and_using_records_loads_no_dataclasses() -> None:
    script = """
import sys
from quarterdeck.records import dataclass, replace
@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
assert replace(Point(1), y=2) == Point(1, 2)
assert "dataclasses" not in sys.modules and "inspect" not in sys.modules and "typing" not in sys.modules
"""
    subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}"], check=True)
