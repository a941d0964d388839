"""The results of a run, saved after every case."""

import json
from pathlib import Path

from benchmarks.work import limit_seconds


class Results:
    """Results by part and case, kept in a JSON file.

    A rerun replaces the cases that it runs and keeps the others, provided they have the
    same settings and come from the same machine.
    """

    def __init__(self, path, settings, machine):
        self.path = path
        log = "synthetic" if settings.log is None else Path(settings.log).name
        self.data = {
            "settings": {
                "log": log,
                "device": settings.device,
                "quick": settings.quick,
            },
            "machine": machine,
            "parts": {},
        }
        if path.exists():
            earlier = json.loads(path.read_text())
            if (
                earlier["settings"] == self.data["settings"]
                and earlier["machine"]["description"] == machine["description"]
            ):
                self.data["parts"] = earlier["parts"]

    def has(self, part, case):
        """Whether a case has a result and did not fail."""
        return "rows" in self.data["parts"].get(part, {}).get(case.name, {})

    def add(self, part, case, result):
        """Save the result of a case, next to the machine's limits."""
        for row in result.get("rows", ()):
            if "work" in row:
                row["work"]["limit_seconds"] = limit_seconds(
                    row["work"], self.data["machine"]
                )
        parameters = {k: v for k, v in case.parameters.items() if k != "path"}
        self.data["parts"].setdefault(part, {})[case.name] = {
            "parameters": parameters,
            **result,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".tmp")
        unfinished.write_text(json.dumps(self.data, indent=1) + "\n")
        unfinished.replace(self.path)
