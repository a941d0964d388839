import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn import bert4rec
from skdiffuasr.nn.bert4rec import (
    BERT4Rec,
    draw_masks,
    draw_next_items,
    draw_tasks,
    most_recent,
)
from skdiffuasr.training import seeded_build

quick = settings(max_examples=60, deadline=None)

MAX_LENGTH = 6


def build(**settings):
    settings = {"n_heads": 2, "max_length": MAX_LENGTH, **settings}
    return seeded_build(lambda: BERT4Rec(10, 8, **settings), 0).eval()


def mask(*rows):
    return torch.tensor(rows, dtype=torch.bool)


def last_hidden(module, *history):
    return module.last_hidden(torch.tensor([history]), torch.tensor([len(history)]))


# The network.


def test_padding_has_no_influence():
    module = build()
    items = torch.tensor([[4, 2, 0, 0], [1, 3, 5, 7]])
    others = torch.tensor([[4, 2, 9, 6], [1, 3, 5, 7]])
    lengths = torch.tensor([2, 4])
    is_masked = mask([0, 1, 0, 0], [0, 1, 0, 1])
    first = module(items, lengths, is_masked)
    second = module(others, lengths, is_masked)
    assert torch.equal(first[0, :2], second[0, :2])
    assert torch.equal(first[1], second[1])
    alone = module(torch.tensor([[4, 2]]), torch.tensor([2]), mask([0, 1]))
    torch.testing.assert_close(first[:1, :2], alone)


def test_a_state_depends_on_the_items_on_both_sides():
    module = build()
    lengths, is_masked = torch.tensor([3]), mask([0, 1, 0])
    state = module(torch.tensor([[1, 2, 3]]), lengths, is_masked)[0, 1]
    for other in ([9, 2, 3], [1, 2, 9]):
        changed = module(torch.tensor([other]), lengths, is_masked)[0, 1]
        assert not torch.allclose(state, changed)


def test_the_mask_stands_instead_of_the_item():
    module = build()
    lengths, is_masked = torch.tensor([4]), mask([0, 1, 0, 1])
    hidden = module(torch.tensor([[1, 2, 3, 4]]), lengths, is_masked)
    others = module(torch.tensor([[1, 8, 3, 9]]), lengths, is_masked)
    assert torch.equal(hidden, others)
    with torch.no_grad():
        module.item_embedding.weight[7] = module.mask_embedding
    as_item = module(torch.tensor([[1, 7, 3, 7]]), lengths, mask([0, 0, 0, 0]))
    torch.testing.assert_close(hidden, as_item)


def test_positions_are_counted_from_the_end():
    module = build(n_layers=1)
    with torch.no_grad():  # items all look alike: outputs tell positions apart
        module.item_embedding.weight.zero_()
        module.distance_bias.bias.zero_()
    lengths, no_mask = torch.tensor([4, 2]), mask([0, 0, 0, 0], [0, 0, 0, 0])
    hidden = module(torch.zeros(2, 4, dtype=torch.int64), lengths, no_mask)
    from_end = module.position_embedding.weight[[3, 2, 1, 0]] * 8**0.5
    all_seen = torch.ones(1, 1, 1, 4, dtype=torch.bool)
    torch.testing.assert_close(hidden[:1], module.encoder(from_end[None], all_seen))
    expected = module.encoder(from_end[None, 2:], all_seen[..., 2:])
    torch.testing.assert_close(hidden[1:, :2], expected)


def test_last_hidden_is_the_state_at_a_mask_behind_the_last_item():
    module = build()
    items, lengths = torch.tensor([[4, 2, 0], [1, 3, 5]]), torch.tensor([2, 3])
    short = module(torch.tensor([[4, 2, 0]]), torch.tensor([3]), mask([0, 0, 1]))
    long = module(torch.tensor([[1, 3, 5, 0]]), torch.tensor([4]), mask([0, 0, 0, 1]))
    expected = torch.stack([short[0, 2], long[0, 3]])
    torch.testing.assert_close(module.last_hidden(items, lengths), expected)


@pytest.mark.parametrize("length", [MAX_LENGTH - 1, MAX_LENGTH, MAX_LENGTH + 2])
def test_the_most_recent_items_and_the_mask_make_the_longest_history(length):
    module = build()
    history = list(range(length))
    recent = last_hidden(module, *history[1 - MAX_LENGTH :])
    torch.testing.assert_close(last_hidden(module, *history), recent)
    changed = [9, *history[1:]]
    is_read = length < MAX_LENGTH
    same = torch.allclose(last_hidden(module, *changed), recent)
    assert same == (not is_read)


def test_order_matters():
    module = build()
    first = last_hidden(module, 1, 2, 3)
    assert not torch.allclose(first, last_hidden(module, 2, 1, 3))


def test_every_parameter_gets_a_gradient():
    module = build()
    (last_hidden(module, *range(MAX_LENGTH - 1)) @ torch.arange(8.0)).backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


# Cutting rows.


@quick
@given(
    st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=7), min_size=1),
    st.integers(1, 8),
)
def test_most_recent_equals_slicing_each_row(rows, max_length):
    width = max(map(len, rows))
    padded = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    values, n_left = most_recent(padded, lengths, max_length)
    assert values.shape == (len(rows), min(width, max_length))
    found = [row[:n].tolist() for row, n in zip(values, n_left, strict=True)]
    assert found == [row[-max_length:] for row in rows]


# Drawing masks.


@st.composite
def target_masks(draw):
    """Which items of right-padded rows of 1 to 6 items are targets."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    is_target = torch.zeros(len(lengths), max(lengths), dtype=torch.bool)
    for row, length in enumerate(lengths):
        drawn = draw(st.lists(st.booleans(), min_size=length, max_size=length))
        is_target[row, :length] = torch.tensor(drawn)
    return torch.tensor(lengths), is_target


@quick
@given(target_masks(), st.floats(0, 1), st.integers(0, 2**31))
def test_masks_leave_something_to_read_and_something_to_learn(
    rows, mask_probability, seed
):
    lengths, is_target = rows
    torch.manual_seed(seed)
    is_masked = draw_masks(lengths, is_target, mask_probability)
    assert not (is_masked & ~is_target).any()
    n_masked = is_masked.sum(dim=1)
    assert (n_masked < lengths).all()
    may_learn = (lengths > 1) & is_target.any(dim=1)
    assert torch.equal(n_masked > 0, may_learn)


@quick
@given(target_masks(), st.integers(1, 3))
def test_tasks_are_the_masked_copies_and_every_step(rows, n_masked_copies):
    lengths, is_target = rows
    items = torch.arange(is_target.numel()).view(is_target.shape)
    tasks = draw_tasks(
        items,
        lengths,
        is_target,
        mask_probability=1.0,
        n_masked_copies=n_masked_copies,
        n_next_items=6,
    )
    found = [
        (row[:n].tolist(), mask.nonzero()[:, 0].tolist())
        for task in tasks
        for row, n, mask in zip(*task, strict=True)
    ]
    steps = [
        (items[row, : last + 1].tolist(), [last])
        for row, last in is_target.nonzero().tolist()
        if last
    ]
    n_cloze = len(lengths) * n_masked_copies
    assert [task[0] for task in found[:n_cloze]] == [
        row[:n].tolist() for row, n in zip(items, lengths, strict=True)
    ] * n_masked_copies
    assert sorted(found[n_cloze:]) == sorted(steps)


@pytest.mark.parametrize("mask_probability", [0.2, 0.6])
def test_each_target_is_masked_with_the_probability(mask_probability):
    lengths = torch.full((4000,), 40)
    is_target = torch.ones(4000, 40, dtype=torch.bool)
    is_target[:, :3] = False
    torch.manual_seed(0)
    is_masked = draw_masks(lengths, is_target, mask_probability).float()
    assert (is_masked[:, :3] == 0).all()
    shares = is_masked[:, 3:].mean(dim=0)  # standard error 0.008
    assert (shares - mask_probability).abs().max() < 0.035


def test_without_pseudo_items_all_but_one_item_can_be_masked():
    lengths, is_target = torch.tensor([2, 3]), mask([1, 1, 0], [1, 1, 1])
    n_masked = [draw_masks(lengths, is_target, 1.0).sum(dim=1) for _ in range(50)]
    assert torch.stack(n_masked).unique(dim=0).tolist() == [[1, 2]]


def test_with_pseudo_items_all_targets_can_be_masked():
    lengths, is_target = torch.tensor([4, 2]), mask([0, 0, 1, 1], [0, 1, 0, 0])
    assert torch.equal(draw_masks(lengths, is_target, 1.0), is_target)


def test_the_first_item_of_a_row_is_never_the_next_one():
    is_target = mask([1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0])
    rows, positions = draw_next_items(is_target, 4)
    assert rows.tolist() == [0, 1]
    assert positions.tolist() == [2, 1]


def test_every_target_is_the_next_item_equally_often():
    is_target = mask([1, 1, 1, 0, 1]).expand(6000, 5)
    torch.manual_seed(0)
    rows, positions = draw_next_items(is_target, 2)
    assert (rows.bincount() == 2).all()
    shares = positions.bincount(minlength=5) / 6000  # standard error 0.006
    torch.testing.assert_close(
        shares, torch.tensor([0, 2 / 3, 2 / 3, 0, 2 / 3]), atol=0.025, rtol=0
    )


def test_each_version_of_a_history_is_masked_anew():
    torch.manual_seed(0)
    ((items, lengths, is_masked),) = draw_tasks(
        torch.arange(6)[None],
        torch.tensor([6]),
        mask([1, 1, 1, 1, 1, 1]),
        mask_probability=0.5,
        n_masked_copies=20,
        n_next_items=0,
    )
    assert items.tolist() == [list(range(6))] * 20
    assert lengths.tolist() == [6] * 20
    assert len(is_masked.unique(dim=0)) > 5


@pytest.mark.parametrize("group_size", [40, 10_000])
def test_groups_of_tasks_are_bounded(monkeypatch, group_size):
    monkeypatch.setattr(bert4rec, "GROUP_SIZE", group_size)
    items, lengths = torch.zeros(20, 8, dtype=torch.int64), torch.full((20,), 8)
    settings = {"mask_probability": 0.2, "n_masked_copies": 1, "n_next_items": 8}
    _, *groups = draw_tasks(items, lengths, items == 0, **settings)
    assert sum(len(group_lengths) for _, group_lengths, _ in groups) == 20 * 7
    assert max(is_masked.numel() for _, _, is_masked in groups) <= max(
        group_size, 20 * 7 * 8 / 4
    )


def test_without_next_items_there_are_none():
    rows, positions = draw_next_items(mask([1, 1, 1]), 0)
    assert len(rows) == len(positions) == 0
