"""Groups and approvals."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.release.approval import ApprovalRule

GROUPS = "groups: {sre: [ana, bo@jump-1], boss: Zoe, nobody: }\n"


def with_environment(folder: Any, minimal: Any, says: str, more: str = "") -> Any:
    return folder.load(minimal(GROUPS + more).replace("production: {}", f"production: {{{says}}}"))


def test_groups_are_lists_of_people(folder: Any, minimal: Any) -> None:
    rules = folder.load(minimal(GROUPS)).rules
    assert rules.groups == {"sre": ("ana", "bo@jump-1"), "boss": ("Zoe",), "nobody": ()}
    assert rules.groups_of("bo@jump-1") == {"sre"}


@pytest.mark.parametrize("people", ["[ana, [bo]]", "{ana: bo}", "[ana, ~]"])
def test_groups_of_anything_else_are_refused(folder: Any, minimal: Any, people: str) -> None:
    (told,) = folder.told(minimal(f"groups: {{sre: {people}}}\n"))
    assert told == "quarterdeck.yaml:9:10 groups.sre: must be a list of people"


@pytest.mark.parametrize("people", ["ana bo", "'ana, bo'", "[ana bo, cy]"])
def test_several_names_in_one_text_are_told_apart(folder: Any, minimal: Any, people: str) -> None:
    (problem,) = folder.problems(minimal(f"groups: {{sre: {people}}}\n"))
    assert problem.path == "groups.sre"
    assert "is no user's name" in problem.message
    assert problem.hint == "if these are several people: [ana, bo]"


def test_all_that_an_approval_can_take(folder: Any, minimal: Any) -> None:
    text = (
        "approvals: {two: {required: 2, from: [sre, boss], self_approval: true, expires_after: 24h,"
        " skippable_by: sre, note: look at the dashboard}}\n"
    )
    (rule,) = with_environment(folder, minimal, "approvals: two", text).rules.approvals
    assert rule == ApprovalRule("two", 2, ("sre", "boss"), True, 86400, ("sre",), "look at the dashboard")


def test_an_approval_of_nothing_is_one_word_of_anybody(folder: Any, minimal: Any) -> None:
    (rule,) = with_environment(folder, minimal, "approvals: any", "approvals: {any: }\n").rules.approvals
    assert rule == ApprovalRule("any")


def test_an_approval_that_stands_in_an_environment_is_named_after_it(folder: Any, minimal: Any) -> None:
    rules = with_environment(folder, minimal, "approvals: {from: sre, required: 2}").rules
    assert rules.approvals == (ApprovalRule("production", 2, ("sre",)),)
    assert [route.approval for route in rules.routes] == ["production"]


def test_the_name_of_an_environments_approval_may_be_taken(folder: Any, minimal: Any) -> None:
    text = minimal("approvals: {production: {from: sre}}\n" + GROUPS)
    (told,) = folder.told(text.replace("production: {}", "production: {approvals: {from: sre}}"))
    assert told.startswith(
        "quarterdeck.yaml:5:16 environments.production.approvals: the approval production is already given in "
    )


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{required: 0}", "required: must be greater than or equal to 1"),
        ("{required: two}", "required: must be a whole number"),
        ("{from: [sre, ops]}", "from[1]: there is no group ops"),
        ("{skippable_by: ops}", "skippable_by: there is no group ops"),
        ("{expires_after: 24}", "expires_after: must be a length of time"),
        ("{of: sre}", "of: unknown key"),
    ],
)
def test_an_approval_that_cant_be_is_refused(folder: Any, minimal: Any, rule: str, told: str) -> None:
    lines = folder.told(minimal(f"{GROUPS}approvals: {{ok: {rule}}}\n"))
    assert any(f"approvals.ok.{told}" in line for line in lines), lines


def test_a_list_of_approvals_is_not_one(folder: Any, minimal: Any) -> None:
    (told,) = folder.told(minimal("").replace("production: {}", "production: {approvals: [a]}"))
    assert told.endswith("environments.production.approvals: must be the name of an approval, or one itself")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{from: sre, required: 3}", "can never be given: it takes 3 of sre, who are 2"),
        ("{from: [sre, boss], required: 4}", "can never be given: it takes 4 of sre and boss, who are 3"),
        ("{from: nobody}", "can never be given: it takes 1 of nobody, who are 0"),
        ("{from: boss}", "zoe alone may approve, and not what they start themselves"),
    ],
)
def test_an_approval_that_can_never_be_given_is_worth_a_warning(
    folder: Any, minimal: Any, rule: str, told: str
) -> None:
    (warning,) = with_environment(folder, minimal, f"approvals: {rule}").warnings
    assert (warning.path, warning.message) == ("environments.production.approvals", told)


def test_one_person_at_two_hosts_is_one(folder: Any, minimal: Any) -> None:
    text = "approvals: {from: pair, required: 2}"
    loaded = folder.load(
        minimal("groups: {pair: [ana@a, Ana@b]}\n").replace("production: {}", f"production: {{{text}}}")
    )
    assert [one.message for one in loaded.warnings] == ["can never be given: it takes 2 of pair, who are 1"]


def test_one_person_who_may_approve_their_own_releases_is_enough(folder: Any, minimal: Any) -> None:
    assert with_environment(folder, minimal, "approvals: {from: boss, self_approval: true}").warnings == ()
