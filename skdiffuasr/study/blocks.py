"""The parts that a report is made of, whatever it is rendered to."""

from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

if TYPE_CHECKING:
    import pandas as pd


class Table(NamedTuple):
    """Cells of text.

    Attributes
    ----------
    header : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        The cells.
    title : str, default=""
        What the table is about.
    bold : frozenset of tuple (row, column)
        Cells to stress.
    is_text : bool, default=False
        Whether the cells are words, and not numbers to align.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    bold: frozenset[tuple[int, int]] = frozenset()
    is_text: bool = False

    @classmethod
    def of(cls, texts: "pd.DataFrame", title: str = "") -> Self:
        """Make a table of a frame of texts, whose index are the augmenters."""
        header = ("augmenter", *map(str, texts.columns))
        return cls(header, tuple(texts.itertuples(name=None)), title)


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
