"""A document as one HTML page: no scripts, nothing from elsewhere, light and dark, and made to be printed."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from quarterdeck.reporting.document import Block, Document, Facts, Heading, Paragraph, Picture, Table

_SHORT, _SHORT_WORD = 12, 22
"""Characters of a cell, and of a single word in one, that stay in one line."""

_STYLE = """
:root { color-scheme: light dark; --text: #1b2430; --soft: #56627a; --line: #d5dbe5; --back: #ffffff; --panel: #f4f6f9;
  --good: #12703c; --bad: #b3261e; --warning: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e9f1; --soft: #a3afc2; --line: #38424f; --back: #14181f; --panel: #1d232c;
    --good: #5fd08f; --bad: #ff8a80; --warning: #f0b849; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
.about { color: var(--soft); }
td.short { white-space: nowrap; }
.verdict { padding: .7rem 1rem; border-left: .3rem solid var(--soft); background: var(--panel); font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .warning { color: var(--warning); }
.verdict.good, .verdict.bad, .verdict.warning { border-left-color: currentColor; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .2rem 1.2rem; margin: .6rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; min-width: 3.2rem; }
figure { margin: .8rem 0; } figcaption { color: var(--soft); font-size: .9rem; }
svg { width: 100%; height: auto; display: block; }
@page { margin: 16mm 14mm; }
@media print {
  :root { color-scheme: light; --text: #000; --soft: #444; --line: #bbb; --back: #fff; --panel: #f2f2f2;
    --good: #0b5c2f; --bad: #9a1b14; --warning: #704800; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; } figure, tr, dl { break-inside: avoid; }
}
""".strip()


def written(document: Document) -> str:
    """The whole page."""
    body = "\n".join(part for block in document.blocks for part in _parts(block))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(document.title)}</title>
<style>
{_STYLE}
</style>
</head>
<body>
<h1>{escape(document.title)}</h1>
<p class="about">{escape(document.about)}</p>
{body}
</body>
</html>
"""


def _parts(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text, "plain"):
            yield f"<p>{escape(text)}</p>"
        case Paragraph(text, tone):
            yield f'<p class="verdict {tone}">{escape(text)}</p>'
        case Facts(rows):
            yield "<dl>"
            yield from (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
            yield "</dl>"
        case Table(head, rows):
            told = [number for number in range(len(head)) if any(row[number] for row in rows)]
            heads = "".join(f"<th>{escape(head[number])}</th>" for number in told)
            yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
            yield from (f"<tr>{''.join(_cell(row[number]) for number in told)}</tr>" for row in rows)
            yield "</tbody></table>"
        case Picture(title, svg, _):
            yield f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>"


def _cell(text: str) -> str:
    """Times and the like are not broken; names may be as long as they like."""
    most = _SHORT if " " in text else _SHORT_WORD
    kind = ' class="short"' if len(text) <= most else ""
    return f"<td{kind}>{escape(text)}</td>"
