"""How a cell looks, and the shortest way for a terminal to go from one look to another. Pure.

SGR codes are those of ECMA-48 (8.3.117) and, for colours, of xterm's control sequences.
"""

from __future__ import annotations

from functools import lru_cache

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29",
        "21": "24", "51": "54", "52": "54", "53": "55"}  # fmt: skip
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "51", "52", "53"})
"""Attributes that change how a blank looks: lines through, over, under and around it, and swapped colours."""


class UnknownCode(ValueError):
    """An SGR code whose effect isn't known here."""


class Style:
    """A look. Made by `style` only: equal looks are the same object, so that comparing cells is comparing identities.

    Attributes:
        attributes: SGR codes that switch something on ("1" for bold), in order of their number.
        foreground, background: the SGR codes of the colours ("38;5;12"), "" for the terminal's own.
        link: what follows `OSC 8 ;` for the hyperlink ("id=4;https://..."), "" for none.
        blank: the look of a blank in this style, without what nobody can see on a blank.
        erasable: whether erasing to this background gives that blank, on a terminal that erases to the background.
    """

    __slots__ = ("attributes", "background", "blank", "erasable", "foreground", "link")

    def __init__(self, attributes: tuple[str, ...], foreground: str, background: str, link: str) -> None:
        self.attributes, self.foreground, self.background, self.link = attributes, foreground, background, link
        bare = not attributes and not foreground
        self.blank: Style
        if bare or not _SEEN_ON_BLANKS.isdisjoint(attributes):
            self.blank = self
        else:
            self.blank = style((), "", background, link)
        self.erasable = bare and not link


@lru_cache(maxsize=4096)
def style(attributes: tuple[str, ...], foreground: str, background: str, link: str) -> Style:
    """The style with these parts."""
    return Style(attributes, foreground, background, link)


PLAIN = style((), "", "", "")
"""The terminal's own look."""


@lru_cache(maxsize=4096)
def styled(before: Style, codes: str) -> Style:
    """The look after `CSI codes m`.

    Raises:
        UnknownCode: one of the codes isn't known.
    """
    attributes, foreground, background = set(before.attributes), before.foreground, before.background
    left = codes.split(";")
    while left:
        code = left.pop(0).lstrip("0")
        if not code:
            attributes, foreground, background = set(), "", ""
        elif code in _OFF:
            attributes.add(code)
        elif code in _OFF.values():
            attributes = {one for one in attributes if _OFF[one] != code}
        elif code == "39":
            foreground = ""
        elif code == "49":
            background = ""
        elif code in ("38", "48"):
            parts = 2 if left[:1] == ["5"] else 4 if left[:1] == ["2"] else 99
            if len(left) < parts:
                raise UnknownCode(codes)
            colour = ";".join([code, *left[:parts]])
            del left[:parts]
            foreground, background = (colour, background) if code == "38" else (foreground, colour)
        elif code.isdigit() and (30 <= int(code) <= 37 or 90 <= int(code) <= 97):
            foreground = code
        elif code.isdigit() and (40 <= int(code) <= 47 or 100 <= int(code) <= 107):
            background = code
        else:
            raise UnknownCode(codes)
    return style(tuple(sorted(attributes, key=int)), foreground, background, before.link)


@lru_cache(maxsize=16384)
def change(before: Style, after: Style, *, relative: bool) -> str:
    """What takes a terminal's pen from one look to another.

    `relative`: the terminal knows how to switch single attributes off (a VT100 doesn't).
    """
    codes = [*after.attributes, after.foreground, after.background]
    whole = ";".join(["", *filter(None, codes)])
    sequence = f"\x1b[{whole}m" if (after.attributes, after.foreground, after.background) != _looks(before) else ""
    if sequence and relative:
        sequence = min(f"\x1b[{_difference(before, after)}m", sequence, key=len)
    return sequence if before.link == after.link else f"{sequence}\x1b]8;{after.link or ';'}\x1b\\"


def _looks(of: Style) -> tuple[tuple[str, ...], str, str]:
    return of.attributes, of.foreground, of.background


def _difference(before: Style, after: Style) -> str:
    off = {_OFF[one] for one in before.attributes if one not in after.attributes}
    kept = [one for one in before.attributes if _OFF[one] not in off]
    codes = sorted(off, key=int) + [one for one in after.attributes if one not in kept]
    if before.foreground != after.foreground:
        codes.append(after.foreground or "39")
    if before.background != after.background:
        codes.append(after.background or "49")
    return ";".join(codes)
