"""A study's report as Markdown."""

import re
from collections.abc import Sequence

from skdiffuasr._markdown import markdown_table
from skdiffuasr.study.blocks import Block, Items, Picture, Section, Table

# What Markdown or the HTML in it would take for its own; "<" only before a tag's name.
_SPECIAL = re.compile(r"[\\`*|]|_(?=_)|(?<=_)_|<(?=[A-Za-z/!?])")


def markdown_report(
    title: str, sections: Sequence[Section], figure_folder: str | None = None
) -> str:
    """Write what a study found as Markdown.

    The figures lie in `figure_folder` as PNG files; None leaves them out.
    """
    parts = [f"# {_escape(title)}"]
    for section in sections:
        parts.append(f"## {_escape(section.title)}")
        parts += [_render(block, figure_folder) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _render(block: Block, figure_folder: str | None) -> str:
    match block:
        case Table():
            header, *rows = block.rendered(_escape, "**{}**")
            return _under(block.title, markdown_table(header, rows))
        case Items():
            items = "\n".join(f"- {_escape(item)}" for item in block.items)
            return _under(block.title, items)
        case Picture():
            if figure_folder is None:
                return ""
            return f"![{_escape(block.caption)}]({figure_folder}/{block.name}.png)"
    return _escape(block)


def _under(title: str, text: str) -> str:
    return f"### {_escape(title)}\n\n{text}" if title else text


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
