"""From a key to a word about a release: starting one, telling it something, approving, rejecting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.rollout import Order
from quarterdeck.release.strategy import DeployStep, Strategy
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Request
from quarterdeck.ui.pages import releases as pages
from quarterdeck.ui.screens.order import Question
from quarterdeck.ui.screens.small import Menu, Prompt
from quarterdeck.ui.spans import BLANK, Line, line, wrap
from quarterdeck.ui.widgets.choices import Option

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an order is called when it is said, what it does in a few words, and in full."""

    verb: str
    short: str
    full: str


ORDERS: Mapping[Order, Meaning] = {
    "promote": Meaning(
        "Go on now", "ends the pause, bake or analysis that it is in",
        "The pause, bake or analysis that it is in ends now, whatever its gates say."),
    "promote_full": Meaning(
        "Promote fully", "leaves out all that only waits; approvals stay",
        "All pauses, bakes and analyses that are to come are left out. Approvals stay."),
    "pause": Meaning(
        "Pause", "no new step begins until somebody resumes it",
        "No new step begins until somebody resumes it. What is under way ends by itself."),
    "resume": Meaning(
        "Go on", "the next step may begin",
        "The next step begins as soon as nothing stands in its way."),
    "abort": Meaning(
        "ABORT: take everything back", "takes back everything that was done",
        "Everything that was done is taken back, in the order that frees users soonest, and read back step by step. "
        "It then ends as rolled back."),
    "retry": Meaning(
        "Try again", "the step that failed begins anew",
        "The step that failed begins anew; what was measured and said before counts no more."),
    "skip": Meaning(
        "Leave the step out", "the step counts as through, though it wasn't done",
        "The step counts as through, though it wasn't done. The next one begins."),
    "undo": Meaning(
        "Take back to here", "takes back what came after a step",
        "What was done after this step is taken back, the last first; then it pauses here."),
    "confirm": Meaning(
        "Keep it", "what was done stays",
        "What was done stays. Without this it is taken back by itself."),
    "abandon": Meaning(
        "End it as it stands", "ends it here; nothing is taken back",
        "It ends here. Nothing is taken back, and its targets are free again."),
}  # fmt: skip
"""By order."""

_SAFER: frozenset[Order] = frozenset({"abort", "pause", "confirm"})
"""What nobody has to type a name for: it makes things safer, or time runs."""
_AFTER_WHICH: frozenset[Order] = frozenset({"retry", "skip"})


# --- starting -----------------------------------------------------------------------------------------------------
def promote(cockpit: Cockpit, target: TargetId) -> None:
    """Let the release under the cursor go on; without one, start one."""
    release = cockpit.release()
    if release is not None:
        tell(cockpit, release, "resume" if release.state == "paused" else "promote")
    else:
        start(cockpit, target)


def start(cockpit: Cockpit, target: TargetId) -> None:
    """By which strategy, which version; then the plan."""
    rules = cockpit.sight.rules
    usual = rules.route(target).strategy
    known = sorted(rules.strategies, key=lambda one: one.name != usual)
    if not known:
        swap = cockpit.keys.shown("swap")
        cockpit.say(f"no strategy is configured: add one under `strategies:`, or use {swap} to swap by hand")
        return
    options = [Option(str(i), one.name, _strategy(one, usual)) for i, one in enumerate(known)]

    def chosen(key: str | None) -> None:
        if key is not None:
            _ask_version(cockpit, target, known[int(key)], usual)

    cockpit.push_screen(Menu(f"Release {target} by which strategy?", options), chosen)


def _strategy(one: Strategy, usual: str) -> str:
    names = [type(step).__name__.removesuffix("Step").lower() for step in one.steps]
    told = " > ".join(names)
    return f"(usual) {told}" if one.name == usual else told


def _ask_version(cockpit: Cockpit, target: TargetId, strategy: Strategy, usual: str) -> None:
    named = "" if strategy.name == usual else strategy.name
    deploys = any(isinstance(step, DeployStep) for step in strategy.steps)
    if not deploys:
        cockpit.propose(Wish((target,), strategy=named))
        return

    def given(version: str | None) -> None:
        if version is not None:
            cockpit.propose(Wish((target,), version.strip(), named))

    cell = cockpit.picture.cell(target)
    now = "/".join(cell.versions) if cell is not None else ""
    told = [f"now: {now or '?'}", "the version that is to serve users; it is deployed first"]
    cockpit.push_screen(Prompt(f"Which version of {target}?", told, "", _wrong_version), given)


def hotfix(cockpit: Cockpit, target: TargetId) -> None:
    """What is fixed, then the shortest legal path."""

    def given(words: str | None) -> None:
        if words is not None:
            ref, _, version = words.strip().partition(" ")
            cockpit.propose(Wish((target,), version.strip(), hotfix=True, ref=ref))

    told = [
        "REF [VERSION]: the commit, branch or build that is the fix, and the version that holds it",
        "you are shown the shortest legal path, and what it skips, before anything happens",
    ]
    cockpit.push_screen(Prompt(f"Hotfix of {target}", told, "", _wrong_ref), given)


def _wrong_version(text: str) -> str:
    return "" if text.strip() else "this strategy deploys: which version?"


def _wrong_ref(text: str) -> str:
    words = text.split()
    if not words:
        return "what is the fix? a commit, a branch, a build"
    return "" if len(words) <= 2 else "at most two words: REF VERSION"


# --- telling ------------------------------------------------------------------------------------------------------
def tell(cockpit: Cockpit, release: ReleaseView, order: Order, *, step: str = "", reason: str = "") -> None:
    """Ask whether a release is really to be told so, and hand it in."""
    current = release.current
    about = step or (current.id if current is not None and order in _AFTER_WHICH else "")

    def submit(asker: Asker, given: str, override: str) -> Request:
        return asker.order(release.id, order, given or reason, step=about, override=override)

    meaning = ORDERS[order]
    cockpit.consent(
        Question(
            title=f"release {order.replace('_', ' ')} {release.id}" + (f" --to {step}" if order == "undo" else ""),
            lines=lambda cells: _order_lines(_as_it_is(cockpit, release), order, about, cells),
            verb=f"Take back to step {step}" if order == "undo" else meaning.verb,
            submit=submit,
            type_to_confirm=release.environment if release.protected and order not in _SAFER else "",
            environment=release.environment,
        )
    )


def _as_it_is(cockpit: Cockpit, release: ReleaseView) -> ReleaseView:
    """The same release now: it goes on while somebody reads a dialog."""
    return cockpit.picture.release(release.id) or release


def _order_lines(release: ReleaseView, order: Order, step: str, cells: int) -> list[Line]:
    lines = [*wrap(ORDERS[order].full, cells, word="title"), BLANK, *pages.head_lines(release, cells)]
    if order == "undo":
        later = release.steps[[one.id for one in release.steps].index(step) + 1 :]
        back = [one for one in later if one.state in ("done", "running", "failed") and one.operation]
        lines += [BLANK, line(("TAKEN BACK", "heading"))]
        lines += [row for one in reversed(back) for row in wrap(one.summary, cells, first=line(f"  {one.id}. "))]
        lines += [] if back else [line(("  nothing was written after it", "dim"))]
    elif order == "abort":
        done = [one for one in release.steps if one.operation and one.state != "undone"]
        lines += [BLANK, line(("TAKEN BACK", "heading"), ("  as far as it has been done", "dim"))]
        lines += [row for one in reversed(done) for row in wrap(one.summary, cells, first=line(f"  {one.id}. "))]
        lines += [] if done else [line(("  nothing was written yet: it just ends", "dim"))]
    elif step:
        about = release.step(step)
        lines += [BLANK, *pages.under_cursor(about, cells)] if about is not None else []
    return lines


def promote_full(cockpit: Cockpit, _: TargetId) -> None:
    """Leave out everything that only waits."""
    _told(cockpit, "promote_full")


def abort(cockpit: Cockpit) -> None:
    """Take everything back that a release did: the one under the cursor, else the only one there is, else ask which.
    Nobody has to find its screen first."""
    release = cockpit.release()
    under_way = [one for one in cockpit.picture.releases if one.open]
    if release is not None and release.open:
        tell(cockpit, release, "abort")
    elif len(under_way) == 1:
        tell(cockpit, under_way[0], "abort")
    else:
        options = [Option(one.id, one.title, f"{one.environment}, {one.short}") for one in under_way]

        def chosen(key: str | None) -> None:
            picked = next((one for one in under_way if one.id == key), None)
            if picked is not None:
                tell(cockpit, picked, "abort")

        cockpit.push_screen(Menu("Abort which release?", options), chosen)


def confirm(cockpit: Cockpit, _: TargetId) -> None:
    """Keep what was done."""
    _told(cockpit, "confirm")


def hold(cockpit: Cockpit, _: TargetId) -> None:
    """Pause, or go on."""
    release = cockpit.release()
    if release is not None:
        tell(cockpit, release, "resume" if release.paused else "pause")


def undo_to(cockpit: Cockpit, _: TargetId) -> None:
    """Take back what came after the step under the cursor."""
    release, deck = cockpit.release(), cockpit.deck()
    if release is not None and deck is not None:
        tell(cockpit, release, "undo", step=deck.step())


def order(cockpit: Cockpit, _: TargetId) -> None:
    """Everything that the release can be told at the moment."""
    from quarterdeck.release.conducting import refuse_order

    release = cockpit.release()
    known = next((one for one in cockpit.sight.releases if release is not None and one.id == release.id), None)
    if release is None or known is None:
        return
    current = release.current.id if release.current is not None else ""
    now = cockpit.settings.clock.now()
    possible = [one for one in ORDERS if one != "undo" and refuse_order(known, one, current, now) is None]
    if not possible:
        cockpit.say("there is nothing that this release could be told now")
        return
    options = [Option(one, one.replace("_", " "), ORDERS[one].short) for one in possible]

    def chosen(key: str | None) -> None:
        picked = next((one for one in possible if one == key), None)
        if picked is not None:
            tell(cockpit, release, picked)

    cockpit.push_screen(Menu(f"Tell {release.title}", options), chosen)


def _told(cockpit: Cockpit, what: Order) -> None:
    release = cockpit.release()
    if release is not None:
        tell(cockpit, release, what)


# --- deciding -----------------------------------------------------------------------------------------------------
def approve(cockpit: Cockpit, _: TargetId) -> None:
    """Approve what it waits for."""
    decide(cockpit, "approve")


def reject(cockpit: Cockpit, _: TargetId) -> None:
    """Reject it; everybody wants to know why."""
    decide(cockpit, "reject")


def decide(
    cockpit: Cockpit,
    verdict: Literal["approve", "reject"],
    release: ReleaseView | None = None,
    *,
    reason: str = "",
    after: float = 0,
) -> None:
    """Say yes or no to the approval that a release waits for."""
    release = release or cockpit.release()
    step = release.current if release is not None else None
    if release is None or step is None or step.asked is None:
        cockpit.say("nothing waits for an approval there")
        return
    yes = verdict == "approve"

    def submit(asker: Asker, given: str, _: str) -> Request:
        later = cockpit.settings.clock.now() + after if after else 0
        return asker.decide(release.id, verdict, given or reason, step=step.id, effective_at=later)

    def lines(cells: int) -> list[Line]:
        now = _as_it_is(cockpit, release)
        asked = next((one.asked for one in now.steps if one.id == step.id), None) or step.asked
        told = [line((f"{'Approve' if yes else 'Reject'} {now.title}", "title"), f"  step {step.id}")]
        for text in now.warnings:
            told += wrap(text, cells, first=line(("▲ ", "danger")), word="danger")
        told += [*(pages.asked_lines(asked, cells) if asked else ()), BLANK, *pages.head_lines(now, cells)]
        earlier = [measure for one in reversed(now.steps) if one.state == "done" for measure in one.measures]
        if earlier or now.background:
            told += [BLANK, line(("EVIDENCE", "heading"), "  what is asked all the time, and what the last gates said")]
        told += pages.measures_lines([*now.background, *earlier], cells)
        return told

    cockpit.consent(
        Question(
            title=f"{verdict} {release.id}/{step.id}",
            lines=lines,
            verb="Approve" if yes else "Reject",
            submit=submit,
            type_to_confirm=release.environment if yes and release.protected else "",
            environment=release.environment,
            needs_reason="" if yes or reason else "rejecting needs a reason: type why",
        )
    )


ON_RELEASES: Mapping[str, Callable[[Cockpit, TargetId], None]] = {
    "promote": promote,
    "promote-full": promote_full,
    "approve": approve,
    "reject": reject,
    "confirm": confirm,
    "hold": hold,
    "order": order,
    "undo-to": undo_to,
    "hotfix": hotfix,
}
"""By deed, how it goes on once it is known what it is about."""
