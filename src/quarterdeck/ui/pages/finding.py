"""What the palette and the help list: everything that can be done here, and every name there is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.picture import Picture
from quarterdeck.ui.actions import MOVING, Deed, Situation, deeds_at, why_not
from quarterdeck.ui.filtering import GRAMMAR, keep
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.frame import TITLES
from quarterdeck.ui.spans import Line, Span, as_cursor, fit, join, line, wrap

_KEY = 8
_LABEL = 15

_SAMPLE: Line = join(
    [
        line(("● ok", "ok")),
        line(("▸ moving", "moving")),
        line(("! attention", "attention")),
        line(("✗ danger", "danger")),
        line(("protected", "protected")),
        line(("cursor", "cursor")),
        line(("key", "key")),
        line(("dim", "dim")),
    ],
    "  ",
)
"""A word of each kind, to see how a theme looks."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A line to choose.

    Attributes:
        id: what is done: `deed:ID`, `service:TARGET`, `flag:ROW:COLUMN`, `release:ID`, `theme:NAME`; "" if it is only
            there to be read.
        key: what stands before it: a key, or what kind of name it is.
        label: a word or two.
        text: a sentence.
        twin: the same from the command line, "" if it has none.
        blocked: why it can't be done now, "" if it can.
    """

    id: str
    key: str
    label: str
    text: str
    twin: str = ""
    blocked: str = ""


def palette_choices(now: Situation, themes: Sequence[str]) -> list[Choice]:
    """What can be done here, and every name to go to."""
    picture = now.picture
    return [
        *(_of_deed(deed, now) for deed in deeds_at(now.where)),
        *_services(picture),
        *(
            Choice(f"release:{one.id}", "release", one.title, f"{one.environment}, {one.short} ({one.id})")
            for one in picture.releases
        ),
        *_flags(picture),
        *(Choice(f"theme:{name}", "theme", name, "wear it") for name in themes),
    ]


def theme_choices(themes: Sequence[str], worn: str) -> list[Choice]:
    """The themes to choose from, the one that is worn first: what is marked is tried on."""
    names = sorted(themes, key=lambda name: name != worn)
    return [Choice(f"theme:{name}", "theme", name, "this one" if name == worn else "") for name in names]


def help_choices(now: Situation) -> list[Choice]:
    """All keys of a screen, then what moves the cursor."""
    return [
        *(_of_deed(deed, now) for deed in deeds_at(now.where)),
        *(Choice("", keys, "", meaning) for keys, meaning in MOVING),
        Choice("", now.keys.shown("filter"), "", f"what is typed to find something: {GRAMMAR}"),
    ]


def help_title(now: Situation) -> str:
    """Where the keys are for, and what they would act on."""
    about = f" · {marks.name(now.target)}" if now.target is not None else ""
    return f"Keys on {TITLES[now.where]}{about}"


def matching(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """Those that match what was typed; the ones whose label or key begins so come first."""
    found = keep(choices, typed, lambda one: f"{one.id} {one.key} {one.label} {one.text} {one.twin}")
    begun = typed.strip().casefold()
    if not begun:
        return found
    return sorted(found, key=lambda one: not (one.label.casefold().startswith(begun) or one.key == typed.strip()))


def in_short(choice: Choice, marked: bool, cells: int) -> list[Line]:
    """A choice on one line."""
    name = f"({choice.label})" if choice.blocked else choice.label
    span: Span = (clean(name, 60) or " ", "dim" if choice.blocked else "text")
    label = fit(line(span), max(_LABEL, min(len(name), cells // 2)))
    shown = line(marks.pointer(marked), *_key(choice), *(as_cursor(label) if marked else label), "  ")
    return [fit(line(*shown, (clean(choice.text, 200), "dim")), cells)]


def in_full(choice: Choice, marked: bool, cells: int) -> list[Line]:
    """A choice with its sentence, why it can't be done now, and its headless twin, each on lines of its own."""
    first = line(marks.pointer(marked), *_key(choice))
    lines = wrap(clean(choice.text, 400), cells, first=first, word="cursor" if marked else "text")
    blank = line(" " * (_KEY + 4))
    if choice.blocked:
        lines += wrap(f"not now: {choice.blocked}", cells, first=blank, word="attention")
    if choice.twin:
        lines += wrap(choice.twin, cells, first=blank, word="dim")
    return lines


def about_line(choice: Choice) -> Line:
    """What a short line had no room for: why it can't be done now, else its headless twin."""
    if choice.blocked:
        return line((f"not now: {clean(choice.blocked, 200)}", "attention"))
    if choice.id.startswith("theme:"):
        return _SAMPLE
    return line((clean(choice.twin, 200), "dim"))


def _key(choice: Choice) -> Line:
    return line((f" {choice.key:>{_KEY}}  ", "key"))


def _of_deed(deed: Deed, now: Situation) -> Choice:
    asks = " (asks first)" if deed.hazard else ""
    return Choice(
        f"deed:{deed.id}", now.keys.shown(deed), deed.label, deed.explanation + asks, deed.twin, why_not(deed, now)
    )


def _services(picture: Picture) -> Iterator[Choice]:
    for row in picture.rows:
        for cell in row.cells:
            if cell is not None:
                versions = "/".join(cell.versions)
                yield Choice(f"service:{cell.target}", "service", marks.name(cell.target), versions)


def _flags(picture: Picture) -> Iterator[Choice]:
    for at, row in enumerate(picture.flags):
        for column, labels in enumerate(row.cells, 1):
            for one in labels[:1]:
                told = ("on" if one.enabled else "off") + (f" under {len(labels)} labels" if len(labels) > 1 else "")
                yield Choice(
                    f"flag:{at}:{column}", "flag", clean(f"{one.target.environment}/{one.target.name}", 100), told
                )
