"""Lines and bars of whatever takes longer than a moment."""

import re
import sys
from io import StringIO
from types import SimpleNamespace

import pytest

from skdiffuasr import _progress, _progress_bars
from skdiffuasr._progress import shown_by, stage, track, track_rows
from skdiffuasr._progress_lines import Display, Lines, time_left
from skdiffuasr.augmentation import ASRePAugmenter, DiffusionSequenceAugmenter
from skdiffuasr.datasets import make_sequences
from skdiffuasr.recommenders import (
    DistilledRecommender,
    EnsembleRecommender,
    MarkovRecommender,
    SASRecEstimator,
)

X = make_sequences(n_users=60, n_items=20, random_state=0).X
SECONDS = r"\d+\.\d s"
LEFT = r"about \d+:\d\d:\d\d left"


def sasrec(**parameters):
    defaults = {"max_epochs": 3, "random_state": 0, "device": "cpu"}
    return SASRecEstimator(4, **{**defaults, **parameters})


def epoch_lines(name, estimator, score_name="NDCG@10"):
    """The lines that a fit must have printed, as patterns without the times."""
    losses, scores = estimator.loss_curve_, estimator.validation_scores_
    for epoch, (loss, score) in enumerate(zip(losses, scores, strict=True), start=1):
        best = max(scores[:epoch])
        text = (
            f"{name}: epoch {epoch}/{estimator.max_epochs}, loss {loss:#.4g}, "
            f"{score_name} {score:.4f} (best {best:.4f} at epoch "
            f"{scores.index(best) + 1}), "
        )
        left = "" if epoch == len(losses) else f", {LEFT}"
        yield re.escape(text) + SECONDS + left
    best = estimator.validation_scores_[estimator.best_epoch_ - 1]
    text = f"{name}: {estimator.n_iter_} epochs, best epoch {estimator.best_epoch_}, "
    yield re.escape(f"{text}{score_name} {best:.4f}, ") + SECONDS


def assert_lines(text, patterns):
    lines, patterns = text.splitlines(), list(patterns)
    assert len(lines) == len(patterns), text
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


class Flushed(StringIO):
    """A file that knows what has been flushed."""

    seen = ""

    def flush(self):
        self.seen = self.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.6, "0:01:00"), (3599.0, "0:59:59"), (36000.0, "10:00:00")]
)
def test_time_left(seconds, text):
    assert time_left(seconds) == f"about {text} left"
    assert time_left(float("nan")) == "time left unknown"


def test_time_left_is_that_of_the_steps_so_far(monkeypatch):
    clock = iter([100.0, 110.0, 110.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    file = StringIO()
    with shown_by(Lines(file=file)), track("it", "step", 4) as task:
        task.advance("well")
    assert file.getvalue() == "it: step 1/4, well, 10.0 s, about 0:00:30 left\n"


def test_every_line_is_flushed_at_once():
    file = Flushed()
    with shown_by(Lines(file=file)), track("it", "run", 2) as task:
        for n_lines in (1, 2):
            task.advance()
            assert file.seen.count("\n") == n_lines


def test_lines_of_many_steps_are_apart(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    file = StringIO()
    with shown_by(Lines(file=file)), track_rows("it", 100) as task:
        for _ in range(100):
            clock[0] += 0.25
            task.advance()
    places = re.findall(r"row \d+/100", file.getvalue())
    assert places == ["row 40/100", "row 80/100"]


@pytest.mark.parametrize("with_inner", [False, True])
def test_what_is_inside_an_outer_task_has_lines_if_asked_for(with_inner):
    file = StringIO()
    with (
        shown_by(Lines(file=file, with_inner=with_inner)),
        track("study", "run", 1, is_outer=True) as outer,
    ):
        with stage("first"), track("training", "epoch", 1) as inner:
            inner.advance()
        with track("loud", "epoch", 1, verbose=1) as inner:
            inner.advance()
        outer.advance()
    names = [line.partition(":")[0] for line in file.getvalue().splitlines()]
    assert names == [*["first, training"] * with_inner, "loud", "study"]


# Estimators.


def test_numbers_are_those_of_the_attributes(capsys):
    estimator = sasrec(verbose=1)
    out = _printed(capsys, estimator)
    assert_lines(out, epoch_lines("SASRecEstimator", estimator))
    assert len(set(estimator.loss_curve_)) == 3


def _printed(capsys, estimator):
    estimator.fit(X)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_early_stopping_ends_the_lines(capsys):
    estimator = sasrec(verbose=1, max_epochs=200, patience=1, learning_rate=0.1)
    assert_lines(_printed(capsys, estimator), epoch_lines("SASRecEstimator", estimator))
    assert estimator.n_iter_ < 200


def test_augmenters_name_themselves(capsys):
    asrep = ASRePAugmenter(2, max_epochs=2, embedding_dim=4, verbose=1, random_state=0)
    out = _printed(capsys, asrep)
    assert_lines(out, epoch_lines("ASRePAugmenter", asrep, "validation score"))
    diffusion = DiffusionSequenceAugmenter(
        2, max_epochs=2, guidance="classifier", verbose=1, random_state=0
    )
    lines = _printed(capsys, diffusion).splitlines()
    name = "DiffusionSequenceAugmenter"
    patterns = epoch_lines(name, diffusion, "validation score")
    assert_lines("\n".join(lines[:3]), patterns)
    classifier = f"{name}, ClassifierGuidance: "
    assert [line.startswith(classifier) for line in lines] == 3 * [False] + 3 * [True]


@pytest.mark.parametrize("augmenter", [ASRePAugmenter, DiffusionSequenceAugmenter])
def test_long_generation_is_told(monkeypatch, capsys, augmenter):
    monkeypatch.setattr(_progress, "LINES_APART", 1e-9)
    fitted = augmenter(2, max_epochs=1, random_state=0).fit(X)
    fitted.transform(X)
    assert capsys.readouterr().out == ""
    fitted.set_params(verbose=1).transform(X)
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"pseudo items: row 60/60, {SECONDS}", lines[-1])


def test_members_of_an_ensemble(capsys):
    ensemble = EnsembleRecommender(
        [("a", sasrec()), ("b", sasrec(max_epochs=2)), ("c", MarkovRecommender())],
        verbose=1,
    )
    out = _printed(capsys, ensemble)
    first, second, _ = ensemble.estimators_
    name = "EnsembleRecommender: member"
    expected = [
        *epoch_lines("member 1/3, SASRecEstimator", first),
        f"{name} 1/3, {SECONDS}, {LEFT}",
        *epoch_lines("member 2/3, SASRecEstimator", second),
        f"{name} 2/3, {SECONDS}, {LEFT}",
        f"{name} 3/3, {SECONDS}",
    ]
    assert_lines(out, expected)
    assert ensemble.n_iter_ == 3
    assert EnsembleRecommender([("c", MarkovRecommender())]).fit(X).n_iter_ == 0


def test_members_may_be_verbose_alone(capsys):
    ensemble = EnsembleRecommender([("a", sasrec(verbose=1)), ("b", sasrec())])
    out = _printed(capsys, ensemble)
    assert out.count("epoch 1/3") == out.count("member 1/2, SASRecEstimator: epoch 1/3")
    assert out.count("epoch 1/3") == 1


def test_a_student_and_its_teacher(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "LINES_APART", 1e-9)
    teacher = EnsembleRecommender(sasrec(), n_estimators=2)
    student = DistilledRecommender(sasrec(), teacher, verbose=1, keep_teacher=True)
    lines = _printed(capsys, student).splitlines()
    members = student.teacher_.estimators_
    names = [line.partition(":")[0] for line in lines]
    expected = [
        *4 * ["teacher, member 1/2, SASRecEstimator"],
        "teacher, EnsembleRecommender",
        *4 * ["teacher, member 2/2, SASRecEstimator"],
        "teacher, EnsembleRecommender",
    ]
    assert names[:10] == expected
    patterns = epoch_lines("teacher, member 2/2, SASRecEstimator", members[1])
    assert_lines("\n".join(lines[5:9]), patterns)
    assert set(names[10:-4]) == {"teacher, soft labels"}
    assert re.fullmatch(rf".*: row (\d+)/\1, {SECONDS}", lines[-5])
    assert_lines(
        "\n".join(lines[-4:]), epoch_lines("student, SASRecEstimator", student.student_)
    )


def test_what_shows_nothing_silences_all(capsys):
    with shown_by(Display()):
        assert _printed(capsys, sasrec(verbose=1)) == ""


# Bars.


@pytest.fixture
def console():
    pytest.importorskip("rich")
    from rich.console import Console

    return Console(
        file=StringIO(), force_terminal=True, width=200, color_system=None, record=True
    )


@pytest.mark.parametrize("with_lines", [False, True])
def test_bars_of_a_terminal(console, with_lines):
    bars = _progress_bars.TerminalBars(console, with_lines=with_lines)
    with shown_by(bars), track("study", "run", 2, is_outer=True) as study:
        study.note("first")
        with stage("first"):
            estimator = sasrec().fit(X)
        study.advance("first, good")
        shown = bars._progress.tasks
        bars._progress.refresh()
        assert [task.fields["place"] for task in shown] == ["run 1/2"]
        assert (shown[0].completed, shown[0].total) == (1, 2)
        study.advance("second, bad")
    assert bars._progress is None
    text = console.export_text()
    assert re.search(r"study +━+ +run 1/2 about 0:00:\d\d left first, good", text)
    assert "study: run 2/2, second, bad, " in text
    lines = list(epoch_lines("first, SASRecEstimator", estimator))
    for pattern in lines:
        assert bool(re.search(pattern, text)) == with_lines


def test_a_bar_leaves_the_summary(console):
    with shown_by(_progress_bars.TerminalBars(console)):
        estimator = sasrec().fit(X)
    *_, summary = epoch_lines("SASRecEstimator", estimator)
    text = console.export_text()
    assert re.search(summary, text)
    assert re.search(r"SASRecEstimator ━+ epoch 3/3 +loss", text)


def test_an_error_takes_the_bars_away(console):
    bars = _progress_bars.TerminalBars(console)
    with (
        pytest.raises(ValueError, match="nothing to train"),
        shown_by(bars),
        track("it", "run", 1),
    ):
        sasrec().fit([[1], [2]])
    assert bars._progress is None
    assert not bars._bars


class Handle:
    """What IPython's `display` returns."""

    def __init__(self):
        self.tables = []

    def update(self, table):
        self.tables.append(table)


def test_a_bar_in_a_notebook(monkeypatch, capsys):
    rich_console = pytest.importorskip("rich.console")
    handle = Handle()
    display = SimpleNamespace(display=lambda table, display_id: handle)
    shell = type("ZMQInteractiveShell", (), {})()
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    estimator = sasrec(verbose=1)
    out = _printed(capsys, estimator)
    *_, summary = epoch_lines("SASRecEstimator", estimator)
    assert_lines(out, [summary])
    console = rich_console.Console(file=StringIO(), width=200, record=True)
    console.print(handle.tables[-1])
    loss = f"{estimator.loss_curve_[-1]:#.4g}"
    pattern = f"SASRecEstimator ━+ epoch 3/3 +loss {loss}"
    assert re.search(pattern, console.export_text())
