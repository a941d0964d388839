"""Lead links between files of the repository to the pages made from them.

The Markdown pages link to files beside ``docs/``, which works wherever the repository
is browsed. On the site such a link leads to the page made from that file, where there
is one, and to a download of the file elsewhere. Folders are named without a link.
Docstrings name pages as in ``docs/results.md``; these become links too.
"""

import os
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref
from sphinx.transforms import SphinxTransform

PAGES = {"README.md": "index", "CHANGELOG.md": "changelog"}
PAGES["CONTRIBUTING.md"] = "contributing"


def setup(app):
    """Register with Sphinx."""
    app.add_transform(LinkRepositoryFiles)
    app.add_transform(LinkPageNames)
    return {"parallel_read_safe": True}


class LinkRepositoryFiles(SphinxTransform):
    """Replace the targets of Markdown links that lead out of ``docs/``."""

    default_priority = 401

    def apply(self):
        """Transform one document."""
        docs = Path(self.env.srcdir)
        page = self.env.docname
        is_included = page in PAGES.values() and page != "index"
        folder = docs.parent if is_included else (docs / page).parent
        if page.startswith("notebooks/") and page != "notebooks/index":
            is_included, folder = True, docs.parent / "examples"
        for link in list(self.document.findall(is_markdown_link)):
            place, _, anchor = link["reftarget"].partition("#")
            suffix = ".md" if link.get("refdomain") == "doc" else ""
            path = Path(os.path.normpath(folder / f"{place}{suffix}"))
            is_inside = path.is_relative_to(docs)
            if not path.exists() or (is_inside and not is_included):
                continue
            docname = page_of(path, docs)
            if docname:
                replace(link, pending_xref, "doc", docname)["reftargetid"] = anchor
            elif path.is_file():
                place = os.path.relpath(path, (docs / page).parent)
                replace(link, download_reference, None, place)
            else:
                link.replace_self(link.children)


class LinkPageNames(SphinxTransform):
    """Wrap literals that are the path of a page into links to it."""

    default_priority = 403

    def apply(self):
        """Transform one document."""
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext().removeprefix("docs/").removesuffix(".md")
            if literal.astext() != f"docs/{name}.md" or name == self.env.docname:
                continue
            if not (Path(self.env.srcdir) / f"{name}.md").exists():
                continue
            link = pending_xref(
                "",
                refdomain="std",
                reftype="doc",
                reftarget=f"/{name}",
                refdoc=self.env.docname,
                refexplicit=True,
            )
            literal.replace_self(link)
            link += literal


def is_markdown_link(node):
    """Whether a node is a Markdown link that is to be resolved."""
    is_link = isinstance(node, pending_xref | download_reference)
    return is_link and node.get("reftype") == "myst"


def page_of(path, docs):
    """Name of the page that is made from a file, or None."""
    if path.suffix == ".md" and path.is_relative_to(docs):
        return str(path.relative_to(docs).with_suffix(""))
    place = path.relative_to(docs.parent)
    if place.parent == Path("examples", "gallery"):
        return f"gallery/{place.stem}"
    if place.parent == Path("examples") and place.suffix == ".ipynb":
        return f"notebooks/{place.stem}"
    return PAGES.get(str(place))


def replace(link, kind, domain, target):
    """Put a link of another kind in the place of one."""
    made = kind("", **link.attributes)
    made += link.children
    made["refdomain"] = domain
    made["reftarget"] = target
    link.replace_self(made)
    return made
