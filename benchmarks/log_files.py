"""Write a log of random interactions: ``python log_files.py NAME N_ROWS PATH``."""

import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

N_USERS, N_ITEMS = 100_000, 50_000

FORMATS = {
    "csv": ("user,item,time\n", "{0},{1},{2}\n"),
    "csv, strings": ("user,item,time\n", "u{0:07d},B{1:07d},{2}\n"),
    "csv, dates": ("user,item,time\n", "{0},{1},{3}\n"),
    "csv, quotes": ('"user","item","time"\n', '"{0}","{1}","{2}"\n'),
    "inter": (
        "user_id:token\titem_id:token\ttimestamp:float\n",
        "{0}\t{1}\t{2}.0\n",
    ),
    "tsv": ("user\titem\ttime\n", "{0}\t{1}\t{2}\n"),
    "txt": ("user item time\n", "{0} {1} {2}\n"),
    "json lines": (
        "",
        '{{"user_id": "u{0:07d}", "business_id": "B{1:07d}", "date": "{3}"}}\n',
    ),
    "parquet": None,
}


def draw(n_rows):
    """Return users in order, items and times."""
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(0, N_USERS, n_rows))
    items = rng.integers(0, N_ITEMS, n_rows)
    times = rng.integers(1_200_000_000, 1_400_000_000, n_rows)
    return users, items, times


def write(name, n_rows, path):
    """Write the log in one of the formats."""
    users, items, times = draw(n_rows)
    if FORMATS[name] is None:
        table = pyarrow.table({"user": users, "item": items, "time": times})
        pyarrow.parquet.write_table(table, path)
        return
    header, line = FORMATS[name]
    dates = times.astype("M8[s]").astype(str).tolist()
    rows = zip(users.tolist(), items.tolist(), times.tolist(), dates, strict=True)
    with path.open("w") as file:
        file.write(header)
        file.writelines(line.format(*row) for row in rows)


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
