"""The order in which files are copied."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.disk.order import Order
from modelarts_nb.disk.scan import Entry


def _file(path: str, size: int = 1) -> Entry:
    return Entry(path, "file", size, 0o644, 0, (1, hash(path)), 1, None)


def _all(files: Iterable[Entry], *, finish: bool) -> list[tuple[str, list[str]]]:
    files = list(files)
    order, taken = Order(files), []
    for folder in {file.path.rpartition("/")[0] for file in files}:
        order.open(folder)
    while (batch := order.take()) is not None:
        taken.append((batch[0], [entry.path for entry in batch[1]]))
        if finish:
            order.done(batch[0])
    return taken


@given(
    st.dictionaries(st.sampled_from(["", "a", "a/b", "c"]), st.integers(1, 70), max_size=4),
    st.booleans(),
)
def test_every_file_is_handed_out_once(folders: dict[str, int], finish: bool) -> None:
    paths = [
        f"{folder}/{n}" if folder else str(n)
        for folder, count in folders.items()
        for n in range(count)
    ]
    batches = _all(map(_file, paths), finish=finish)
    assert sorted(path for _, batch in batches for path in batch) == sorted(paths)


def test_the_folder_with_most_files_comes_first() -> None:
    files = [*(_file(f"small/{n}") for n in range(9)), *(_file(f"big/{n}") for n in range(90))]
    assert _all(files, finish=True)[0][0] == "big"


def test_bytes_count_like_files() -> None:
    files = [*(_file(f"many/{n}") for n in range(9)), _file("heavy/one", 100 << 20)]
    assert _all(files, finish=True)[0][0] == "heavy"


def test_the_biggest_file_of_a_folder_comes_first() -> None:
    batch = _all([_file("a/1", 1), _file("a/3", 3), _file("a/2", 2)], finish=True)[0][1]
    assert batch == ["a/3", "a/2", "a/1"]


def test_a_crowded_folder_lets_others_overlap() -> None:
    files = [*(_file(f"big/{n}") for n in range(1000)), _file("small/1")]
    first = [folder for folder, _ in _all(files, finish=False)[:20]]
    assert "small" in first


def test_files_of_a_folder_wait_until_it_is_open() -> None:
    order = Order([_file("late/1"), _file("there/1")])
    order.open("there")
    first = order.take()
    assert first is not None
    assert first[0] == "there"
    assert order.take() is None


def test_opening_says_how_many_batches_there_are() -> None:
    order = Order([_file(f"a/{n}") for n in range(17)])
    batches = order.open("a")
    assert [order.take() is None for _ in range(batches + 1)] == [False] * batches + [True]
    assert order.open("empty") == 0
