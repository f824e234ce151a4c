"""The `:` line in a cockpit: the names it may be completed with, what is wrong with a line, and carrying one out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.command import Misread
from quarterdeck.release.picture import Picture
from quarterdeck.release.release_command import Decide, Guard, Tell
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.rules import Rulebook
from quarterdeck.ui import guarding, looking_back, releasing, wearing
from quarterdeck.ui.actions import Situation, deeds_at, why_not, why_not_write
from quarterdeck.ui.command_words import OWN_FORMS, Do, Find, LookBack, Meant, Show, Wear, understand
from quarterdeck.ui.completing import Known, Offer
from quarterdeck.ui.trail import Place

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def wrong(cockpit: Cockpit, line: str) -> str:
    """What is wrong with a line where the cockpit is now, "" if it can be carried out."""
    deck = cockpit.deck()
    try:
        meant = understand(line)
    except Misread as error:
        return f"{error}. {error.form}".rstrip(". ") if error.form else str(error)
    if deck is None:
        return ""
    now = deck.situation()
    match meant:
        case Do(deed=deed):
            return _why_not_deed(deed, now)
        case Place(about=about) if about and cockpit.picture.cell(TargetId.parse(about)) is None:
            return f"there is no {about} in this fleet"
        case Show(what=what) if not _release(cockpit, what) and not cockpit.picture.operation(what):
            return f"there is no release or operation {what!r}, or more than one that begins so"
        case Wear(theme=theme):
            return "" if theme in wearing.themes() else f"there is no theme {theme!r}: {', '.join(wearing.themes())}"
        case LookBack(moment=moment):
            return looking_back.wrong(moment, cockpit.settings.clock.now())
        case Find() | Place() | Show():
            return ""
        case Tell() | Decide() if _release(cockpit, meant.release) is None:
            three = cockpit.keys.shown("releases")
            return f"there is no release {meant.release!r}, or more than one that begins so: {three} shows them"
    return why_not_write(now)


def _why_not_deed(deed_id: str, now: Situation) -> str:
    deed = next((one for one in deeds_at(now.where) if one.id == deed_id), None)
    return f"{deed_id} means nothing on this screen" if deed is None else why_not(deed, now)


def carry_out(cockpit: Cockpit, line: str) -> None:
    """Do what a line says in which nothing is wrong. Whatever changes something is asked about first, as ever."""
    meant: Meant = understand(line)
    match meant:
        case Do(deed=deed):
            cockpit.do(deed)
        case Find(letters=letters):
            deck = cockpit.deck()
            if deck is not None:
                deck.find_letters(letters)
        case Wear(theme=theme):
            wearing.wear(cockpit, theme)
        case LookBack(moment=moment):
            looking_back.look(cockpit, moment)
        case Place():
            cockpit.steering.go(meant)
        case Show(what=what):
            release = _release(cockpit, what)
            if release is not None:
                cockpit.show_release(release.id)
            else:
                cockpit.show_operation(what)
        case Wish():
            cockpit.propose(meant)
        case Tell():
            release = _release(cockpit, meant.release)
            if release is not None:
                releasing.tell(cockpit, release, meant.order, step=meant.step, reason=meant.reason)
        case Decide():
            release = _release(cockpit, meant.release)
            releasing.decide(cockpit, meant.verdict, release, reason=meant.reason, after=meant.after)
        case Guard():
            guarding.ask(cockpit, meant)
        case _:
            cockpit.plan(meant)


def _release(cockpit: Cockpit, named: str) -> ReleaseView | None:
    """The release of that id or beginning of an id, or the open one of that `ENV/SERVICE`."""
    releases = cockpit.picture.releases
    found = [one for one in releases if one.id == named]
    found = found or [one for one in releases if one.open and named in map(str, one.targets)]
    found = found or [one for one in releases if one.id.startswith(named)]
    return found[0] if len(found) == 1 else None


# --- names ---------------------------------------------------------------------------------------------------------
def known(now: Situation, rules: Rulebook, themes: Sequence[str]) -> Known:
    """Everything that a line can name where the cockpit is."""
    picture = now.picture
    services, scopes = list(_services(picture)), list(_scopes(picture))
    releases = list(_releases(picture))
    operations = [Offer(one.id, f"{one.target} {one.progress}") for one in picture.operations]
    holds = [Offer(one.id, f"{one.kind} of {one.scope} by {one.by}") for one in picture.guards.holds]
    flags = list(_flags(picture))
    pipelines = [Offer(one.target.name, one.where) for one in picture.pipelines]
    words = [Offer(deed.id, deed.explanation) for deed in deeds_at(now.where)]
    return Known(
        words=[*(Offer(verb, form.partition(" ")[2]) for verb, form in OWN_FORMS.items()), *words],
        forms=OWN_FORMS,
        names={
            "ENV/SERVICE": services,
            "ENV/FLAG": flags,
            "flag:ENV/FLAG": [Offer(f"flag:{one.text}", one.told) for one in flags],
            "SCOPE": scopes,
            "ID": releases,
            "show ID": [*releases, *operations],
            "operation ID": operations,
            "--operation ID": operations,
            **dict.fromkeys(("unlock ID", "freeze ID", "line ID"), holds),
            "hotfix ID": [Offer(one.id, one.text) for one in picture.guards.debts],
            "PIPELINE": pipelines,
            "--strategy NAME": [Offer(one.name, f"{len(one.steps)} steps") for one in rules.strategies],
            "THEME": [Offer(name) for name in themes],
        },
        of_target={"SLOT": dict(_slots(picture)), "NAME=PERCENT": dict(_shares(picture))},
    )


def _services(picture: Picture) -> Iterator[Offer]:
    for row in picture.rows:
        for cell in row.cells:
            if cell is not None:
                yield Offer(str(cell.target), " ".join(cell.versions))
                for region in cell.regions if len(cell.regions) > 1 else ():
                    yield Offer(str(region.target))


def _flags(picture: Picture) -> Iterator[Offer]:
    for row in picture.flags:
        for one in (cell for labels in row.cells for cell in labels):
            yield Offer(f"{one.target.environment}/{one.target.name}", "on" if one.enabled else "off")


def _scopes(picture: Picture) -> Iterator[Offer]:
    yield Offer("all", "everything")
    yield from (Offer(one.name, "protected" if one.protected else "") for one in picture.environments)
    yield from (Offer(str(cell.target)) for row in picture.rows for cell in row.cells if cell is not None)


def _releases(picture: Picture) -> Iterator[Offer]:
    for one in picture.releases:
        if one.open:
            yield from (Offer(str(target), f"{one.title}, {one.short}") for target in one.targets)
    yield from (Offer(one.id, f"{one.title} in {one.environment}, {one.short}") for one in picture.releases)


def _slots(picture: Picture) -> Iterator[tuple[str, Sequence[Offer]]]:
    for row in picture.rows:
        for cell in row.cells:
            for region in cell.regions if cell is not None else ():
                offers = [Offer(slot.name, slot.version) for slot in region.slots]
                yield str(region.target), offers
                yield str(region.target.whole), offers


def _shares(picture: Picture) -> Iterator[tuple[str, Sequence[Offer]]]:
    for row in picture.rows:
        for cell in row.cells:
            for split in cell.splits if cell is not None else ():
                yield str(split.target), [Offer(f"{one.name}=", f"now {one.share:g}%") for one in split.shares]
