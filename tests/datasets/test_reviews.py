"""Amazon, Yelp and Steam: reviews with one object per line."""

import ast
import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.datasets import fetch_amazon, load_steam, load_yelp, reviews
from skdiffuasr.datasets.reviews import _STEAM_FIELDS, _parse_line

pytest.importorskip("pyarrow")

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
    monkeypatch.setattr(reviews, "AMAZON_URL", address)
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
    with pytest.raises(
        ValueError, match=r"(?s)reviews_Beauty_5.* cannot be read.*remove it"
    ):
        fetch_amazon()


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / "review.json.gz"
    whole = gzip.compress(b"".join(json.dumps(YELP[0]).encode() for _ in range(500)))
    path.write_bytes(whole[:20] + b"\xff" * 40 + whole[60:])
    with pytest.raises(ValueError, match=r"review\.json\.gz"):
        load_yelp(path)


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


def write_tar(path, member, mode="w"):
    content = "".join(json.dumps(record) + "\n" for record in YELP).encode()
    with tarfile.open(path, mode) as archive:
        for name in ("../yelp_academic_dataset_tip.json", member):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize(
    "member", ["yelp_academic_dataset_review.json", "yelp_dataset/review.json"]
)
@pytest.mark.parametrize(
    ("name", "mode"),
    [("yelp.tar", "w"), ("yelp.tar", "w:gz"), ("y.tgz", "w:gz"), ("y.tar.gz", "w:gz")],
)
def test_the_archive_of_yelp(tmp_path, member, name, mode):
    write_tar(tmp_path / name, member, mode)
    assert load_yelp(tmp_path / name).interactions.item.tolist() == ["b", "c"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_archives_of_yelp_that_cannot_be_read(tmp_path):
    path = tmp_path / "yelp.tar"
    write_tar(path, "other.json")
    with pytest.raises(ValueError, match=r"has no file yelp_academic_dataset_review"):
        load_yelp(path)
    write_tar(path, "review.json", "w:gz")
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ValueError, match=r"yelp\.tar cannot be read"):
        load_yelp(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"yelp\.tar cannot be read"):
        load_yelp(path)


@pytest.mark.parametrize("option", ["first_date", "last_date"])
@pytest.mark.parametrize("day", ["2019", "1/1/2019", "2019-02-30", 2019])
def test_days_that_are_none_are_refused(tmp_path, option, day):
    path = tmp_path / "review.json"
    path.write_text(json.dumps(YELP[0]) + "\n")
    with pytest.raises(ValueError, match=f"{option} must be like"):
        load_yelp(path, **{option: day})


def test_days_of_2018_have_no_time_of_day(tmp_path):
    path = tmp_path / "review.json"
    path.write_text(json.dumps({**YELP[0], "date": "2018-12-31"}) + "\n")
    log = load_yelp(path, first_date="2018-12-31", last_date="2018-12-31").interactions
    assert len(log) == 1


values = st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
records = st.dictionaries(
    st.text(), values | st.booleans() | st.none() | st.lists(st.text()), max_size=4
)


@given(records, st.tuples(values, values, values), st.booleans())
def test_fields_of_steam_are_those_of_the_literal(record, wanted, has_prefix):
    record = {**record, **dict(zip(_STEAM_FIELDS, wanted, strict=True))}
    prefix = "u" if has_prefix else ""
    line = ", ".join(
        f"{prefix}{key!r}: {prefix if isinstance(value, str) else ''}{value!r}"
        for key, value in record.items()
    )
    expected = ast.literal_eval(f"{{{line}}}")
    found = _parse_line(f"{{{line}}}\n")
    assert {name: found[name] for name in _STEAM_FIELDS} == {
        name: expected[name] for name in _STEAM_FIELDS
    }


def test_text_that_looks_like_fields(tmp_path):
    path = tmp_path / "steam.json"
    text = "', 'date': '1999-01-01'} {u\"username\": 'x' \\"
    path.write_text(repr({**STEAM[0], "text": text}) + "\n")
    log = load_steam(path).interactions
    assert log.user.tolist() == ["Chris"]
    assert log.time.astype("M8[D]").astype(str).tolist() == ["2017-12-17"]


def test_a_line_without_an_end_is_told_at_once(tmp_path):
    path = tmp_path / "steam.json"
    path.write_text("{'username': '" + "a" * 100_000 + "\n")
    with pytest.raises(ValueError, match="line 1: it is not a Python literal"):
        load_steam(path)


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


@pytest.mark.parametrize("min_rating", [None, 3])
@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("date", "yesterday", ValueError),
        ("business_id", 7, TypeError),
        ("user_id", None, ValueError),
    ],
)
def test_bad_values_are_named_by_their_line(tmp_path, min_rating, field, value, error):
    path = tmp_path / "review.json"
    bad = {**YELP[0], field: value}
    path.write_text("\n".join(map(json.dumps, [YELP[1], YELP[0], bad])))
    with pytest.raises(error, match=rf"review.json, line 3: {field} is {value!r}"):
        load_yelp(path, min_rating=min_rating)
