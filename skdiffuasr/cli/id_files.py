"""Files that hold the ids of some users or items."""

import re
import sys
from pathlib import Path

from skdiffuasr._extras import import_extra
from skdiffuasr._typing import IdArray
from skdiffuasr.cli.known_items import NothingKnownError, kind_of
from skdiffuasr.datasets.blocks import lines_of, read_blocks
from skdiffuasr.datasets.column_names import role_of
from skdiffuasr.sequences.ids import as_ids
from skdiffuasr.sequences.ragged import id_type

IDS_HELP = "text file of one id per line, or Parquet file with ids in its first column"


class IdFile:
    """Ids of a file, as integers or texts like those that they are compared with.

    `what` are called so in messages, and `where` says what they are looked for in.
    """

    def __init__(self, path: Path, what: str, where: str) -> None:
        self.path, self.what, self.where = path, what, where
        self._ids: IdArray | None = None
        self._texts: list[str] = []
        if path.suffix == ".parquet":
            parquet = import_extra("pyarrow.parquet", "frames")
            column = parquet.read_table(path).column(0)
            self._ids = as_ids(column.to_pylist(), str(path))
        else:
            lines = map(str.strip, lines_of(read_blocks(path)))
            self._texts = [line for line in lines if line]
            if self._texts and role_of(self._texts[0]) is not None:
                del self._texts[0]  # the name of the column

    def like(self, ids: IdArray) -> IdArray:
        """Return the ids, or raise a ValueError if they are of another type."""
        wanted = id_type(ids)
        if self._ids is None:
            if wanted == "str":
                self._ids = as_ids(self._texts, str(self.path))
            else:
                self._ids = as_ids(list(map(self._integer, self._texts)), "ids")
        if len(self._ids) and id_type(self._ids) != wanted:
            raise NothingKnownError(
                f"The {self.what} in {self.path} are {kind_of(self._ids)}, those of "
                f"{self.where} {kind_of(ids)}. Bring both to one type."
            )
        return self._ids

    def report(self, n_found: int) -> None:
        """Say on stderr how many were found; raise a NothingKnownError if none was."""
        n_ids = len(self._texts if self._ids is None else set(self._ids.tolist()))
        if n_found == 0:
            raise NothingKnownError(
                f"{self.where} has none of the {n_ids} {self.what} in {self.path}."
            )
        print(
            f"skdiffuasr: {self.where} has {n_found} of the {n_ids} {self.what} in "
            f"{self.path}.",
            file=sys.stderr,
        )

    def _integer(self, text: str) -> int:
        if not re.fullmatch("0|-?[1-9][0-9]*", text):
            raise NothingKnownError(
                f"{self.path} has {text!r} among its {self.what}, but those of "
                f"{self.where} are integers."
            )
        return int(text)
