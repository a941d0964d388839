"""Keep metrics such as NDCG@10 from being taken for mail addresses."""

from docutils import nodes
from sphinx.transforms import SphinxTransform


def setup(app):
    """Register with Sphinx."""
    app.add_transform(UnlinkMetricNames)
    return {"parallel_read_safe": True}


class UnlinkMetricNames(SphinxTransform):
    """Replace links to mail addresses by their text; the site has no others."""

    default_priority = 404

    def apply(self):
        """Transform one document."""
        for link in list(self.document.findall(nodes.reference)):
            if link.get("refuri", "").startswith("mailto:"):
                link.replace_self(link.children)
