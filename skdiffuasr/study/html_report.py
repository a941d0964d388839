"""A study's report as one web page that needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from skdiffuasr.study.blocks import Block, Items, Picture, Section, Table


def html_report(
    title: str, sections: Sequence[Section], figures: Mapping[str, bytes]
) -> str:
    """Write what a study found as a web page that links to nothing and runs nothing.

    The style and the figures, which are PNG files by name, are inside; figures that
    are missing are left out.
    """
    contents, parts = [], []
    for number, section in enumerate(sections):
        heading = escape(section.title)
        blocks = "\n".join(_render(block, figures) for block in section.blocks)
        contents.append(f'<li><a href="#part{number}">{heading}</a></li>')
        parts.append(
            f'<section id="part{number}">\n<h2>{heading}</h2>\n{blocks}\n</section>'
        )
    template = (files("skdiffuasr.study") / "report_template.html").read_text("utf-8")
    return Template(template).substitute(
        title=escape(title), contents="\n".join(contents), body="\n".join(parts)
    )


def _render(block: Block, figures: Mapping[str, bytes]) -> str:
    match block:
        case Table():
            return _under(block.title, _table(block))
        case Items():
            items = "\n".join(f"<li>{escape(item)}</li>" for item in block.items)
            return _under(block.title, f"<ul>\n{items}\n</ul>")
        case Picture():
            if block.name not in figures:
                return ""
            content = base64.b64encode(figures[block.name]).decode("ascii")
            caption = escape(block.caption)
            return (
                f'<figure>\n<img src="data:image/png;base64,{content}" '
                f'alt="{caption}">\n<figcaption>{caption}</figcaption>\n</figure>'
            )
    return f"<p>{escape(block)}</p>"


def _under(title: str, content: str) -> str:
    return f"<h3>{escape(title)}</h3>\n{content}" if title else content


def _table(table: Table) -> str:
    header, *rows = table.rendered(escape, "<strong>{}</strong>")
    head = "".join(f'<th scope="col">{name}</th>' for name in header)
    lines = (
        [f'<th scope="row">{first}</th>', *(f"<td>{cell}</td>" for cell in others)]
        for first, *others in rows
    )
    body = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in lines)
    kind = "table text" if table.is_text else "table"
    return (
        f'<div class="{kind}"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )
