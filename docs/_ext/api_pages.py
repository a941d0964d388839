"""Write a page of the API reference for each room, before Sphinx looks for pages."""

from importlib import import_module
from pathlib import Path

from public_names import public_objects

LIST = """
```{{eval-rst}}
.. currentmodule:: {module}

.. autosummary::
   :toctree: ../generated/
   :nosignatures:

{names}
```
"""


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", lambda app, _: write_pages(Path(app.srcdir, "api")))
    return {"parallel_read_safe": True}


def write_pages(folder):
    """Write the pages into a folder, and remove those of rooms that are gone."""
    folder.mkdir(exist_ok=True)
    pages = {f"{name}.md": page(name) for name in public_objects()}
    for old in set(folder.glob("*.md")) - {folder / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        if not (folder / name).exists() or (folder / name).read_text("utf-8") != text:
            (folder / name).write_text(text, encoding="utf-8")


def page(room):
    """Text of the page of a room: its docstring, and a list for each of its modules."""
    by_module = {}
    for full_name in public_objects()[room]:
        module, _, name = full_name.rpartition(".")
        by_module.setdefault(module, []).append(name)
    lists = [
        LIST.format(module=module, names="\n".join(f"   {name}" for name in names))
        for module, names in by_module.items()
    ]
    return "\n".join([f"# {room}", "", import_module(room).__doc__.strip(), *lists])
