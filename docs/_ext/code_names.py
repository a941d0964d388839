"""Link code such as ``SASRecEstimator`` in any text to its page of the API reference.

The Markdown pages hold the bare name, so that they read well without this site too.
"""

import inspect
import re

from docutils import nodes
from public_names import public_objects
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

IS_NO_PLAIN_WORD = re.compile(r"[A-Z_]")
HAVE_NO_LINKS = (nodes.reference, nodes.title, pending_xref)


def setup(app):
    """Register with Sphinx."""
    app.connect("builder-inited", find_targets)
    app.add_transform(LinkCodeNames)
    return {"parallel_read_safe": True}


def find_targets(app):
    """Map the names that text may hold to full names."""
    targets = app.env.code_name_targets = {}
    public = public_objects().values()
    for full_name, value in (item for room in public for item in room.items()):
        name = full_name.rpartition(".")[2]
        targets[full_name] = full_name
        if IS_NO_PLAIN_WORD.search(name):
            targets[name] = full_name
        if inspect.isclass(value):
            for method in vars(value):
                if not method.startswith("_"):
                    targets[f"{name}.{method}"] = f"{full_name}.{method}"


class LinkCodeNames(SphinxTransform):
    """Wrap literals that are names of the public API into references to it."""

    default_priority = 400

    def apply(self):
        """Transform one document."""
        for literal in list(self.document.findall(nodes.literal)):
            target = self.env.code_name_targets.get(literal.astext().removesuffix("()"))
            if target is None or self.env.docname.endswith(f"/{target}"):
                continue
            if any(isinstance(node, HAVE_NO_LINKS) for node in ancestors(literal)):
                continue
            link = pending_xref(
                "",
                refdomain="py",
                reftype="obj",
                reftarget=target,
                refdoc=self.env.docname,
                refexplicit=True,
            )
            literal.replace_self(link)
            link += literal


def ancestors(node):
    """Yield the nodes that a node is in, inside out."""
    while node.parent is not None:
        node = node.parent
        yield node
