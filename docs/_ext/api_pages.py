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
    app.connect("config-inited", lambda app, _: write_pages(Path(app.srcdir)))
    return {"parallel_read_safe": True}


def write_pages(docs):
    """Write a page for each room; remove the pages of rooms and names that are gone."""
    public = public_objects()
    names = {name for objects in public.values() for name in objects}
    (docs / "api").mkdir(exist_ok=True)
    for old in [*docs.glob("api/*.md"), *docs.glob("generated/*.rst")]:
        if old.stem not in names | public.keys():
            old.unlink()
    for room in public:
        path, text = docs / "api" / f"{room}.md", page(room)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


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
