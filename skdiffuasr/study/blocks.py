"""The parts that a report is made of, whatever it is rendered to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

if TYPE_CHECKING:
    import pandas as pd


class Table(NamedTuple):
    """Cells of text under a title; `bold` cells are (row, column) to stress."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    bold: frozenset[tuple[int, int]] = frozenset()
    is_text: bool = False  # words, and not numbers to align

    @classmethod
    def of(
        cls, texts: "pd.DataFrame", title: str = "", index_name: str = "augmenter"
    ) -> Self:
        """Make a table of a frame of texts."""
        header = (index_name, *map(str, texts.columns))
        return cls(header, tuple(texts.itertuples(name=None)), title)

    def rendered(self, escape: Callable[[str], str], bold: str) -> list[list[str]]:
        """Escape the header and the rows, and put bold cells into the braces."""
        rows = [
            [
                bold.format(escape(cell))
                if (row, column) in self.bold
                else escape(cell)
                for column, cell in enumerate(cells)
            ]
            for row, cells in enumerate(self.rows)
        ]
        return [[escape(name) for name in self.header], *rows]


class Items(NamedTuple):
    """A list of sentences under a title."""

    title: str
    items: tuple[str, ...]


class Picture(NamedTuple):
    """A figure, by its name; see `skdiffuasr.study.figures.draw_figures`."""

    name: str
    caption: str


#: A paragraph or one of the above.
Block: TypeAlias = str | Table | Items | Picture


class Section(NamedTuple):
    """A heading and what is below it, in plain text: renderers escape."""

    title: str
    blocks: tuple[Block, ...]


def by_recommender(frame: "pd.DataFrame") -> "list[tuple[str, pd.DataFrame]]":
    """Split what is indexed by recommender and augmenter."""
    return [
        (str(name), lines.droplevel("recommender"))
        for name, lines in frame.groupby(level="recommender", observed=True)
    ]
