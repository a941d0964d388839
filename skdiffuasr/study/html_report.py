"""A study's report as one web page that needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from skdiffuasr.study.blocks import Block, Items, Picture, Section, Table

_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --soft: #59636e; --line: #d1d9e0;
  --page: #fff; --stripe: #f6f8fa; --accent: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9198a1;
  --line: #3d444d; --page: #0d1117; --stripe: #151b23; --accent: #56b4e9; } }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1.25rem; color: var(--text);
  background: var(--page); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; }
h2 { margin-top: 2.5rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { margin-bottom: .4rem; }
p, li { max-width: 48rem; overflow-wrap: anywhere; }
nav ul { padding: 0; list-style: none; display: flex; flex-wrap: wrap;
  gap: .25rem 1.25rem; }
a { color: var(--accent); }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .75rem; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom;
  white-space: normal; }
tbody th { font-weight: normal; }
tbody tr:nth-child(even) { background: var(--stripe); }
.text :is(th, td) { text-align: left; }
.text td:last-child { white-space: normal; overflow-wrap: anywhere; min-width: 20rem; }
figure { margin: 1.5rem 0; }
figure img { max-width: 100%; background: #fff; border-radius: 6px; }
figcaption { color: var(--soft); font-size: .9rem; }
"""


def html_report(
    title: str, sections: Sequence[Section], figures: Mapping[str, bytes]
) -> str:
    """Write what a study found as a web page that links to nothing and runs nothing.

    The style and the figures, which are PNG files by name, are inside; figures that
    are missing are left out.
    """
    addresses = {name: _address(content) for name, content in figures.items()}
    title = escape(title)
    contents = "\n".join(
        f'<li><a href="#part{number}">{escape(section.title)}</a></li>'
        for number, section in enumerate(sections)
    )
    body = "\n".join(
        _section(number, section, addresses) for number, section in enumerate(sections)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<nav><ul>\n{contents}\n</ul></nav>\n"
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _address(content: bytes) -> str:
    """Write a PNG file as a data address."""
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def _section(number: int, section: Section, addresses: dict[str, str]) -> str:
    blocks = "\n".join(_render(block, addresses) for block in section.blocks)
    heading = f"<h2>{escape(section.title)}</h2>"
    return f'<section id="part{number}">\n{heading}\n{blocks}\n</section>'


def _render(block: Block, addresses: dict[str, str]) -> str:
    match block:
        case Table():
            return _under(block.title, _table(block))
        case Items():
            items = "\n".join(f"<li>{escape(item)}</li>" for item in block.items)
            return _under(block.title, f"<ul>\n{items}\n</ul>")
        case Picture():
            if block.name not in addresses:
                return ""
            caption = escape(block.caption)
            return (
                f'<figure>\n<img src="{addresses[block.name]}" alt="{caption}">\n'
                f"<figcaption>{caption}</figcaption>\n</figure>"
            )
    return f"<p>{escape(block)}</p>"


def _under(title: str, content: str) -> str:
    return f"<h3>{escape(title)}</h3>\n{content}" if title else content


def _table(table: Table) -> str:
    header = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.header)
    rows = []
    for row, (first, *others) in enumerate(table.rows):
        cells = [f'<th scope="row">{escape(first)}</th>']
        for column, cell in enumerate(others, start=1):
            text = escape(cell)
            if (row, column) in table.bold:
                text = f"<strong>{text}</strong>"
            cells.append(f"<td>{text}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    body = "\n".join(rows)
    kind = "table text" if table.is_text else "table"
    return (
        f'<div class="{kind}"><table>\n<thead><tr>{header}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )
