import zipfile

import pytest

from skdiffuasr.datasets import fetch_movielens, movielens

FLAGS = "|".join(
    "1" if name in ("Comedy", "War") else "0" for name in movielens._GENRES
)
FILES = {
    "100k": {
        "ml-100k/u.data": "196\t242\t3\t881250949\n186\t302\t5\t891717742\n",
        "ml-100k/u.item": (
            f"242|Kolya (1996)|24-Jan-1997||http://x|{FLAGS}\n"
            f"302|Misérables, Les|01-Jan-1995||http://y|{FLAGS.replace('1', '0')}\n"
        ),
    },
    "1m": {
        "ml-1m/ratings.dat": "196::242::3::881250949\n186::302::5::891717742\n",
        "ml-1m/movies.dat": "242::Kolya (1996)::Comedy|War\n302::Misérables, Les::\n",
    },
    "latest-small": {
        "ml-latest-small/ratings.csv": (
            "userId,movieId,rating,timestamp\n196,242,3.5,881250949\n186,302,5.0,891717742\n"
        ),
        "ml-latest-small/movies.csv": (
            "movieId,title,genres\n242,Kolya (1996),Comedy|War\n"
            '302,"Misérables, Les",(no genres listed)\n'
        ),
    },
}


@pytest.fixture
def served(web, monkeypatch):
    folder, address = web
    monkeypatch.setattr(movielens, "URL", address)
    unchecked = {
        name: version._replace(md5=None)
        for name, version in movielens._VERSIONS.items()
    }
    monkeypatch.setattr(movielens, "_VERSIONS", unchecked)
    for name, files in FILES.items():
        version = unchecked[name]
        with zipfile.ZipFile(folder / f"ml-{name}.zip", "w") as archive:
            for member, text in files.items():
                archive.writestr(member, text.encode(version.encoding))
    return folder


@pytest.mark.parametrize("version", FILES)
def test_ratings_and_films_are_read(served, version):
    bunch = fetch_movielens(version)
    log = bunch.interactions
    assert log.user.tolist() == [196, 186]
    assert log.item.tolist() == [242, 302]
    assert log.time.tolist() == [881250949, 891717742]
    assert bunch.item_attributes[242] == ["Comedy", "War"]
    assert bunch.item_attributes[302] == []
    assert bunch.item_names == {242: "Kolya (1996)", 302: "Misérables, Les"}
    assert version in bunch.DESCR


@pytest.mark.parametrize("version", FILES)
def test_low_ratings_are_left_out(served, version):
    assert fetch_movielens(version, min_rating=4).interactions.user.tolist() == [186]


def test_the_archives_are_the_published_ones(web, monkeypatch, data_home):
    folder, address = web
    monkeypatch.setattr(movielens, "URL", address)
    (folder / "ml-100k.zip").write_bytes(b"something else")
    with pytest.raises(ValueError, match="0e33842e24a9c977be4e0107933c0723 is publish"):
        fetch_movielens("100k")


def test_archives_that_cannot_be_read(served):
    (served / "ml-1m.zip").write_bytes(b"PK, but no archive")
    with pytest.raises(ValueError, match=r"ml-1m\.zip cannot be read"):
        fetch_movielens("1m")
    with zipfile.ZipFile(served / "ml-100k.zip", "w") as archive:
        archive.writestr("ml-100k/u.data", "1\t2\n")
    with pytest.raises(ValueError, match=r"u\.data"):
        fetch_movielens("100k")


def write_1m(folder, ratings, films):
    with zipfile.ZipFile(folder / "ml-1m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml-1m/ratings.dat", ratings)
        archive.writestr("ml-1m/movies.dat", films.encode("latin-1"))


@pytest.mark.parametrize(
    ("ratings", "films", "message"),
    [
        ("", "1::a::b\n", r"ratings\.dat: there are no ratings"),
        ("1::1::3::5\nx::1::3::5\n", "1::a::b\n", r"ratings\.dat: .*'x'.*row 1"),
        ("1::1::3::5\n", "1::a::b\ny::a::b\n", r"movies\.dat, film 2: \['y'"),
        ("1::1::3::5\n", "1::a\n", r"movies\.dat, film 1: \['1', 'a'\]"),
    ],
)
def test_bad_lines_are_named(served, ratings, films, message):
    write_1m(served, ratings, films)
    with pytest.raises(ValueError, match=message):
        fetch_movielens("1m")


def test_a_damaged_archive_is_told(served):
    path = served / "ml-1m.zip"
    write_1m(served, "1::1::3::5\n" * 500, "1::a::b\n")
    content = bytearray(path.read_bytes())
    content[50:60] = b"\xff" * 10
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"ml-1m\.zip cannot be read.*Remove it"):
        fetch_movielens("1m")


def test_line_ends_and_blank_lines_of_films(served):
    write_1m(served, "1::1::3::5\n", "1::a\x85b::War\r\n\n2::c::War\n\n")
    assert fetch_movielens("1m").item_names == {1: "a\x85b", 2: "c"}


def test_no_rating_left_is_told(served):
    with pytest.raises(ValueError, match=r"No rating of ml-100k\.zip is at least 6"):
        fetch_movielens("100k", min_rating=6)


def test_nothing_is_unpacked(served, data_home):
    with zipfile.ZipFile(served / "ml-1m.zip", "a") as archive:
        archive.writestr("../outside", "x")
    fetch_movielens("1m")
    assert sorted(path.name for path in data_home.iterdir()) == [
        "ml-1m.zip",
        "ml-1m.zip.sha256",
    ]
    assert not (data_home.parent / "outside").exists()


def test_unknown_versions_are_refused():
    with pytest.raises(ValueError, match="version must be one of"):
        fetch_movielens("32m")
