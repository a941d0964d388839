"""Drop the empty line with which a doctest in a Markdown page has to end."""

from docutils import nodes
from sphinx.transforms import SphinxTransform


def setup(app):
    """Register with Sphinx."""
    app.add_transform(TrimBlocks)
    return {"parallel_read_safe": True}


class TrimBlocks(SphinxTransform):
    """Trim the end of every block of code."""

    default_priority = 402

    def apply(self):
        """Transform one document."""
        for block in list(self.document.findall(nodes.literal_block)):
            text = block.astext().rstrip()
            block.clear()
            block.rawsource = text
            block += nodes.Text(text)
