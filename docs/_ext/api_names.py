"""The names that the pages of the API reference list."""

import re
from pathlib import Path

DIRECTIVE = re.compile(r"^\.\. (currentmodule|autosummary)::(.*)$")
ENTRY = re.compile(r"^   ([\w.]+)$")


def listed_names(page: Path) -> list[str]:
    """Read the full names in the autosummary directives of a page."""
    names, module, is_list = [], "", False
    for line in page.read_text(encoding="utf-8").splitlines():
        if directive := DIRECTIVE.match(line):
            is_list = directive[1] == "autosummary"
            module = module if is_list else directive[2].strip()
        elif line and not line.startswith(" "):
            is_list = False
        elif is_list and (entry := ENTRY.match(line)):
            names.append(f"{module}.{entry[1]}")
    return names
