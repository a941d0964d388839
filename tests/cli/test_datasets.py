import json

from skdiffuasr.cli import main
from skdiffuasr.datasets import read_interactions


def test_the_logs_are_listed(capsys):
    assert main(["datasets"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert {"movielens-1m", "amazon-beauty", "yelp --from FILE"} <= set(listed)


def test_a_downloaded_file_is_written_as_a_log(tmp_path):
    source, out = tmp_path / "review.json", tmp_path / "yelp.csv"
    record = {"user_id": "u", "business_id": "b", "stars": 4, "date": "2019-01-01"}
    source.write_text(json.dumps(record) + "\n")
    assert main(["datasets", "yelp", "--from", str(source), "-o", str(out)]) == 0
    assert read_interactions(out).item.tolist() == ["b"]


def test_bad_arguments_are_one_line(tmp_path, capsys):
    out = str(tmp_path / "out.csv")
    for arguments, message in [
        (["netflix", "-o", out], "'netflix' is not one of the datasets"),
        (["yelp", "-o", out], "yelp needs --from FILE"),
        (["amazon-beauty"], "-o FILE must say"),
        (["amazon-beauty", "-o", out, "--from", "x"], "is downloaded; drop --from"),
    ]:
        assert main(["datasets", *arguments]) == 1
        assert message in capsys.readouterr().err
