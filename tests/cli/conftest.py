import numpy as np
import pytest


@pytest.fixture
def log_file(tmp_path):
    """Sixty users with six of twenty items each, as 'user item' lines."""
    rng = np.random.default_rng(0)
    path = tmp_path / "log.txt"
    rows = [(user, item) for user in range(60) for item in rng.permutation(20)[:6]]
    np.savetxt(path, rows, fmt="%d")
    return path


@pytest.fixture
def timed_file(tmp_path):
    """Ids are strings with a comma or a letter beyond ASCII; there are times."""
    rng = np.random.default_rng(1)
    path = tmp_path / "timed.csv"
    lines = ["user_id,item_id,timestamp"]
    for user in range(40):
        for time, item in enumerate(rng.permutation(12)[:5]):
            lines.append(f'"u,{user}",é{item},{1000 + time}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
