"""Write a page for each notebook, with its outputs, before Sphinx looks for pages."""

import base64
import json
import re
from pathlib import Path

INDEX = """# Notebooks

Each runs in less than a minute on one core, and is here as it ran. The foot of a page
has the file.

```{{toctree}}
:maxdepth: 1

{names}
```

Next: the [gallery](../gallery/index) has pictures of what a model does; the
[user guide](../user_guide.md) explains it.
"""
ORDER = ("quickstart", "data_frames", "tuning", "cold_users", "own_recommender")


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", lambda app, _: write_pages(Path(app.srcdir)))
    return {"parallel_read_safe": True}


def write_pages(docs):
    """Write a page for each notebook, and one that lists them."""
    folder = docs / "notebooks"
    folder.mkdir(exist_ok=True)
    notebooks = {path.stem: path for path in (docs.parent / "examples").glob("*.ipynb")}
    known = [name for name in ORDER if name in notebooks]
    names = known + sorted(notebooks.keys() - set(known))
    write(folder / "index.md", INDEX.format(names="\n".join(names)))
    for name in names:
        notebook = json.loads(notebooks[name].read_text(encoding="utf-8"))
        text = "\n\n".join(blocks(notebook["cells"], folder, name))
        file = f"../../examples/{name}.ipynb"
        write(folder / f"{name}.md", f"{text}\n\n{{download}}`{name}.ipynb <{file}>`\n")


def write(path, text):
    """Write a page, unless it is there already: Sphinx reads what is newer."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def blocks(cells, folder, name):
    """Yield the cells of a notebook and what they returned, in Markdown."""
    for number, cell in enumerate(cells):
        source = "".join(cell["source"])
        yield source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```"
        printed = ""
        for output in cell.get("outputs", ()):
            data = {
                kind: "".join(text) for kind, text in output.get("data", {}).items()
            }
            if "image/png" in data:
                image = folder / f"{name}_{number}.png"
                image.write_bytes(base64.b64decode(data["image/png"]))
                yield f"![Output of the cell above]({image.name})"
            elif "text/html" in data:
                table = re.sub(
                    r"<style.*?</style>\n?", "", data["text/html"], flags=re.S
                )
                yield f"```{{raw}} html\n{table}\n```"
            else:
                printed += data.get("text/plain", "") + "".join(output.get("text", ""))
        if printed:
            yield f"```{{code-block}} text\n:class: printed\n\n{printed.rstrip()}\n```"
