import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdiffuasr.cli import main
from skdiffuasr.datasets import read_interactions
from skdiffuasr.datasets.dates import DateForm, dates_as_written

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

FORMS = {
    "%d.%m.%Y %H:%M:%S": None,
    "%d/%m/%Y %H:%M:%S": True,
    "%m/%d/%Y %H:%M:%S": False,
    "%d-%m-%Y %H:%M:%S": True,
}


def write(tmp_path, rows, header="user;item;time"):
    path = tmp_path / "log.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@given(st.data(), st.sampled_from(list(FORMS)))
def test_dates_are_read_as_they_were_written(data, form):
    first, last = (np.datetime64(y, "s").astype(object) for y in ("1990", "2060"))
    given_dates = data.draw(st.lists(st.datetimes(first, last), min_size=1, max_size=8))
    texts = pa.array([date.strftime(form) for date in given_dates])
    found = dates_as_written(texts, DateForm(day_first=FORMS[form]), str)
    expected = np.array(given_dates, dtype="datetime64[s]")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["31.12.2024", "01.02.2025"], "2024-12-31"),
        (["3.4.24", "1.2.25"], "2024-04-03"),
        (["31.12.2024 23:59"], "2024-12-31T23:59"),
        (["02/03/2024", "13/03/2024"], "2024-03-02"),
        (["02/03/2024", "02/13/2024"], "2024-02-03"),
        (["2/13/2024 5:06 PM"], "2024-02-13T17:06"),
        (["13-3-2024  7:08:09"], "2024-03-13T07:08:09"),
    ],
)
def test_spreadsheets_dates(tmp_path, texts, first):
    path = write(tmp_path, [f"1;{k};{text}" for k, text in enumerate(texts)])
    assert read_interactions(path).time[0] == np.datetime64(first)


def test_what_nothing_decides_is_asked_for(tmp_path, capsys):
    path = write(tmp_path, ["1;2;03/04/2024", "1;3;05/04/2024"])
    with pytest.raises(ValueError, match=r"line 2: .* pass day_first=True, "):
        read_interactions(path)
    assert main(["describe", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "pass --day-first, --no-day-first or --time-format." in line
    for day_first, first in ((True, "2024-04-03"), (False, "2024-03-04")):
        log = read_interactions(path, day_first=day_first)
        assert log.time[0] == np.datetime64(first)
    assert main(["describe", str(path), "--no-day-first"]) == 0
    assert "2024-03-04" in capsys.readouterr().out
    log = read_interactions(path, time_format="%d/%m/%Y")
    assert log.time[0] == np.datetime64("2024-04-03")


def test_what_the_first_rows_decide_holds_for_the_others():
    form = DateForm()
    dates_as_written(pa.array(["13/01/2024"]), form, str)
    (found,) = dates_as_written(pa.array(["02/01/2024"]), form, str)
    assert found == np.datetime64("2024-01-02")


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["13/01/2024", "01/13/2024"], 3),
        (["31.12.2024", "30.02.2024"], 3),
        (["31.12.2024 10:00", "31.12.2024"], 3),
    ],
)
def test_a_date_that_does_not_fit_is_named(tmp_path, texts, line):
    path = write(tmp_path, [f"1;{k};{text}" for k, text in enumerate(texts)])
    with pytest.raises(ValueError, match=f"line {line}: .* not a date of the form"):
        read_interactions(path)


def test_a_given_format_with_an_offset_becomes_utc(tmp_path):
    path = write(tmp_path, ["1;2;02.01.24 00:30 +0200"])
    log = read_interactions(path, time_format="%d.%m.%y %H:%M %z")
    assert log.time[0] == np.datetime64("2024-01-01T22:30")
    with pytest.raises(ValueError, match=r"not a date of the form %Y; time_format="):
        read_interactions(path, time_format="%Y")


def test_numbers_may_have_a_decimal_comma(tmp_path):
    path = write(tmp_path, ["1;2;1,5", "1;3;0,5"])
    assert read_interactions(path).time.tolist() == [1.5, 0.5]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig", "utf-16-le"])
def test_other_encodings(tmp_path, capsys, encoding):
    path = tmp_path / "log.csv"
    path.write_bytes("user;item\nJörg;Käse\nJörg;Brot\n".encode(encoding))
    given = {} if encoding in ("utf-16", "utf-8-sig") else {"encoding": encoding}
    log = read_interactions(path, **given)
    assert log.user.tolist() == ["Jörg"] * 2
    assert log.item.tolist() == ["Käse", "Brot"]
    if encoding == "cp1252":
        assert main(["describe", str(path)]) == 1
        assert "line 2, cannot be read as UTF-8" in (error := capsys.readouterr().err)
        assert "such as --encoding cp1252." in error
        assert main(["describe", str(path), "--encoding=cp1252"]) == 0
        with pytest.raises(ValueError, match="cannot be read as ascii"):
            read_interactions(path, encoding="ascii")
        with pytest.raises(ValueError, match="unknown encoding: klingon"):
            read_interactions(path, encoding="klingon")
