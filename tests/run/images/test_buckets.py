import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.run.images.buckets import MOST_LAYERS, bucket_of, count

MB = 1 << 20


def test_a_small_project_is_one_layer_and_a_large_one_at_most_sixteen() -> None:
    assert count(0) == count(32 * MB - 1) == 1
    assert count(32 * MB) == count(10_000 * MB) == 16


@given(size=st.integers(0, 1 << 40), room=st.integers(1, MOST_LAYERS))
def test_there_are_never_more_layers_than_there_is_room_for(size: int, room: int) -> None:
    layers = count(size, room)
    assert 1 <= layers <= min(room, 16)
    assert layers & (layers - 1) == 0


@pytest.mark.parametrize(
    ("room", "layers"),
    [(120, 16), (17, 16), (16, 16), (15, 8), (8, 8), (7, 4), (3, 2), (2, 2), (1, 1), (0, 1), (-3, 1)],
)
def test_a_large_project_takes_the_largest_power_of_two_that_there_is_room_for(room: int, layers: int) -> None:
    assert count(1 << 40, room) == layers


def test_an_image_has_no_more_layers_than_every_engine_takes() -> None:
    assert MOST_LAYERS <= 127 - 4


@given(path=st.text(st.characters(exclude_categories=["Cs"])), layers=st.sampled_from([2, 4, 8, 16]))
def test_fewer_layers_are_whole_layers_put_together(path: str, layers: int) -> None:
    assert bucket_of(path, layers) in range(layers)
    assert bucket_of(path, layers // 2) == bucket_of(path, layers) % (layers // 2)


def test_the_layer_of_a_path_is_the_same_everywhere() -> None:
    assert [bucket_of(path, 16) for path in ("train.py", "src/model.py", "data/ü.csv")] == [7, 4, 15]


@pytest.mark.parametrize("form", ["d{}.bin", "model-{:05d}-of-00040.safetensors", "data/part_{:02d}.csv", "{:06d}.png"])
def test_files_whose_names_differ_in_a_number_are_spread(form: str) -> None:
    taken = [bucket_of(form.format(number), 16) for number in range(40)]
    assert len(set(taken)) > 8
    assert max(map(taken.count, taken)) <= 10
