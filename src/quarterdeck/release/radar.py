"""What else should be known before a release begins: what it ships over, whom it meets, how much it exposes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.release.action import Deploy, FlagChange, Shift, Swap
from quarterdeck.release.exposure import exposed
from quarterdeck.release.freshness import about
from quarterdeck.release.guards import Guards
from quarterdeck.release.plan import Fuse, Risk
from quarterdeck.release.release_plan import Member, ReleaseStep, Run, Write
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.versions import older


def supersessions(members: Sequence[Member]) -> tuple[str, ...]:
    """A sentence for each service that would get an older version than it has."""
    return tuple(
        f"this ships {one.version} over {one.previous} in {one.target}"
        for one in members
        if any(older(one.version, served) for served in one.previous.split(", "))
    )


def unreleased_needs(members: Sequence[Member], rules: Rulebook) -> Iterator[Risk]:
    """Services that have to be released before, and aren't part of it."""
    here = {member.target.name for member in members}
    for member in members:
        for needed in rules.route(member.target).needs:
            if needed not in here:
                text = f"{member.target} needs {needed}, which is not part of this release"
                yield Risk("info", "need-not-released", text, "check that the version it needs is there already")


def overlaps(members: Sequence[Member], releases: Sequence[Release], rules: Rulebook, now: float) -> Iterator[Risk]:
    """Other releases whose effects could be taken for those of this one, or the other way round."""
    environment = members[0].target.environment if members else ""
    here = {member.target.name for member in members}
    needs = {name for member in members for name in rules.route(member.target).needs}
    for other in releases:
        over = other.ended_at is not None and other.ended_at < now - rules.overlap
        if other.plan.environment != environment or (over and not other.open):
            continue
        if not other.open and other.untouched:
            continue
        names = {member.target.name for member in other.plan.members}
        theirs = {name for member in other.plan.members for name in rules.route(member.target).needs}
        tie = "the same service" if names & here else "they need each other" if needs & names or theirs & here else ""
        when = (
            "is under way"
            if other.open
            else f"ended {about(now - (other.ended_at or now))} ago ({(other.ending or '').replace('_', ' ')})"
        )
        text = f"release {other.id} ({other.plan.title}) in {environment} {when}"
        why = f": {tie}" if tie else ""
        remedy = "a regression could be put down to either; wait, or look closely at which users get what"
        # One that is through and has nothing to do with this one is worth knowing, and no reason to stop.
        if other.open or tie:
            yield Risk("warning", "overlap", text + why, remedy)
        else:
            yield Risk("info", "overlap", text)


def over_budget(environment: str, most: float, releases: Sequence[Release], rules: Rulebook) -> Iterator[Risk]:
    """Whether the share of clients that is on unfinished versions would be more than the environment allows."""
    budget = rules.exposure.get(environment)
    others = sum(exposed(other) for other in releases if other.open and other.plan.environment == environment)
    if budget is None or most + others <= budget:
        return
    text = f"up to {most:.4g}% of new clients get an unfinished version"
    if others:
        text += f", and {others:.4g}% do by other releases now"
        remedy = "a step that would exceed it waits until the others are through"
    else:
        remedy = "alone it goes on all the same; a strategy that begins smaller exposes fewer at first"
    yield Risk("warning", "exposure", f"{text}; the budget of {environment} is {budget:g}%", remedy)


def unpaid(members: Sequence[Member], guards: Guards, version: str) -> Iterator[Risk]:
    """Hotfixes that haven't been merged back: the next regular version may bring back what they mended."""
    here = {member.target for member in members}
    for debt in guards.owed:
        if debt.kind == "merge_back" and debt.target.whole in here:
            text = f"{debt.text} is still owed (hotfix {debt.release} of {debt.by})"
            remedy = f"check that {version or 'this version'} holds the fix, then pay the debt"
            yield Risk("warning", "unpaid-debt", text, remedy)


def way_back(steps: Sequence[ReleaseStep]) -> Fuse:
    """Whether all of it can be taken back, in which order, what is lost, and until when."""
    actions = [step.work.action for step in steps if isinstance(step.work, Write)]
    kinds = (
        (FlagChange, "flags back"),
        (Shift, "shares back"),
        (Swap, "swaps back"),
        (Deploy, "builds back"),
    )
    parts = [words for kind, words in kinds if any(isinstance(action, kind) for action in actions)]
    programs = [step for step in steps if isinstance(step.work, Run)]
    parts += ["undo commands"] if any(isinstance(step.work, Run) and step.work.undo for step in programs) else []
    stays = [step.summary for step in programs if isinstance(step.work, Run) and not step.work.undo]
    if not parts:
        return Fuse(not stays, "nothing is changed that could be taken back", None, ", ".join(stays))
    swaps = any(isinstance(action, Swap) for action in actions)
    lost = ["requests in flight when slots change"] if swaps else []
    lost += [f"what these did: {', '.join(stays)}"] if stays else []
    until = "the next deployment to the slot that a swap comes from" if swaps else ""
    return Fuse(True, f"abort: {', '.join(parts)}, the last step first", None, "; ".join(lost) or "nothing", until)


def felt_by(members: Sequence[Member], steps: Sequence[ReleaseStep]) -> str:
    """Who notices it, and how many at first."""
    parts = []
    for member in members:
        shares = [s.exposure for s in steps if s.target.whole == member.target.whole and s.exposure]
        if shares:
            first = "" if shares[0] == max(shares) else f", {shares[0]:.4g}% at first"
            parts.append(f"{max(shares):.4g}% of the new clients of {member.target}{first}")
    return "; ".join(parts) or "nobody, as far as the steps say"
