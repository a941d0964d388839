"""Amazon, Yelp and Steam: reviews with one object per line."""

import gzip
import json

import pytest

from skdiffuasr.datasets import amazon, fetch_amazon, load_steam, load_yelp

AMAZON = [
    {"reviewerID": "A1", "asin": "B2", "overall": 5.0, "unixReviewTime": 1370000000},
    {"reviewerID": "A2", "asin": "0007", "overall": 3.0, "unixReviewTime": 1360000000},
]
YELP = [
    {"user_id": "u", "business_id": "b", "stars": 4.0, "date": "2018-12-31 23:59:59"},
    {"user_id": "v", "business_id": "c", "stars": 2.0, "date": "2019-01-01 00:00:00"},
]
STEAM = [
    {"username": "Chris", "product_id": "725280", "date": "2017-12-17", "text": "a'b"},
    {"username": "é", "product_id": "328100", "date": "2017-07-27"},
]


@pytest.fixture
def beauty(web, monkeypatch):
    folder, address = web
    monkeypatch.setattr(amazon, "URL", address)
    path = folder / "reviews_Beauty_5.json.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(record) + "\n" for record in AMAZON)
    return path


def test_amazon_reviews(beauty):
    log = fetch_amazon("Beauty").interactions
    assert log.user.tolist() == ["A1", "A2"]
    assert log.item.tolist() == ["B2", "0007"]
    assert log.time.tolist() == [1370000000, 1360000000]
    assert fetch_amazon(min_rating=4).interactions.item.tolist() == ["B2"]


def test_a_truncated_file_is_told(beauty):
    beauty.write_bytes(beauty.read_bytes()[:-12])
    with pytest.raises(ValueError, match=r"reviews_Beauty_5.* cannot be read"):
        fetch_amazon()


def test_unknown_categories_are_refused():
    with pytest.raises(ValueError, match="'beauty'"):
        fetch_amazon("beauty")


@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_yelp_reviews(tmp_path, ending):
    path = tmp_path / f"review.{ending}"
    opener = gzip.open if ending.endswith("gz") else open
    with opener(path, "wt") as file:
        file.writelines(json.dumps(record) + "\n" for record in YELP)
    log = load_yelp(path).interactions
    assert log.item.tolist() == ["b", "c"]
    assert log.time.astype("M8[s]").astype(str).tolist() == [
        "2018-12-31T23:59:59",
        "2019-01-01T00:00:00",
    ]
    for options, item in [
        ({"min_rating": 3}, "b"),
        ({"first_date": "2019-01-01"}, "c"),
        ({"last_date": "2018-12-31"}, "b"),
    ]:
        assert load_yelp(path, **options).interactions.item.tolist() == [item]
    with pytest.raises(ValueError, match="there are no interactions"):
        load_yelp(path, first_date="2020-01-01")


def test_steam_reviews(tmp_path):
    path = tmp_path / "steam_reviews.json.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(f"u{STEAM[0]!r}\n".removeprefix("u") + "\n" + f"{STEAM[1]!r}\n")
    log = load_steam(path).interactions
    assert log.user.tolist() == ["Chris", "é"]
    assert log.item.tolist() == ["725280", "328100"]
    assert log.time.astype("M8[D]").astype(str).tolist() == ["2017-12-17", "2017-07-27"]


def test_nothing_in_a_line_is_run(tmp_path):
    path = tmp_path / "steam.json"
    path.write_text("__import__('os').system('true')\n")
    with pytest.raises(ValueError, match=r"steam\.json, line 1"):
        load_steam(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2"),
        ('{"user_id": "u", "business_id": "b"}', "line 2: the field 'date' is missing"),
        ("[1]", "line 2"),
        (json.dumps({**YELP[0], "date": "soon"}), "soon"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, message):
    path = tmp_path / "review.json"
    path.write_text(json.dumps(YELP[0]) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=message):
        load_yelp(path)


@pytest.mark.parametrize(
    ("load", "place"), [(load_yelp, "yelp.com/dataset"), (load_steam, "jmcauley")]
)
def test_missing_files_say_where_to_get_them(tmp_path, load, place):
    with pytest.raises(FileNotFoundError, match=place):
        load(tmp_path / "missing.json")
