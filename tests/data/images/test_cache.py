import multiprocessing
import os

import numpy as np
import pytest

from lightning_modeinterp.data.images import Preparation, cache, cached_images, default_cache
from lightning_modeinterp.errors import ConfigurationError

SMALL = Preparation(2, "grey")


def decoded_in(cached):
    return sorted(cached.glob("*.bytes"))


def shades(images):
    return images[:, 0, 0, 0].tolist()


def test_images_come_in_the_order_of_their_names(folder, tmp_path):
    content = cached_images(folder, SMALL, tmp_path / "cache")
    assert content.images.shape == (30, 1, 2, 2)
    assert content.images.dtype == np.uint8
    assert content.names == tuple(f"{number:02d}.png" for number in range(30))
    assert shades(content.images) == [8 * number for number in range(30)]


def test_a_second_time_nothing_is_decoded(folder, tmp_path, monkeypatch):
    first = cached_images(folder, SMALL, tmp_path / "cache")
    monkeypatch.setattr(cache, "decode_image", None)
    second = cached_images(folder, SMALL, tmp_path / "cache")
    assert np.array_equal(first.images, second.images)
    assert isinstance(second.images, np.memmap)
    assert not second.images.flags.writeable


def test_what_changes_an_image_changes_the_key(folder, tmp_path, write):
    place = tmp_path / "cache"
    cached_images(folder, SMALL, place)
    cached_images(folder, Preparation(3, "grey"), place)
    assert len(decoded_in(place)) == 2
    write("00.png", np.full((5, 5, 3), 99, dtype=np.uint8))
    assert shades(cached_images(folder, SMALL, place).images)[0] == 99
    assert len(decoded_in(place)) == 3
    write("99.png", np.zeros((5, 5, 3), dtype=np.uint8))
    assert len(cached_images(folder, SMALL, place).images) == 31


def test_a_file_that_was_cut_off_is_made_again(folder, tmp_path):
    cached_images(folder, SMALL, tmp_path / "cache")
    (file,) = decoded_in(tmp_path / "cache")
    file.write_bytes(file.read_bytes()[:50])
    assert shades(cached_images(folder, SMALL, tmp_path / "cache").images)[29] == 8 * 29


def _decode_and_count(folder, place, counter, barrier):
    decode, decoded = cache.decode_image, []

    def counting(path, preparation):
        decoded.append(path)
        return decode(path, preparation)

    cache.decode_image = counting
    barrier.wait()
    content = cached_images(folder, SMALL, place)
    counter.put((len(decoded), shades(content.images)))


def test_of_processes_that_start_at_once_one_decodes(folder, tmp_path):
    context = multiprocessing.get_context("fork")
    counter, barrier = context.Queue(), context.Barrier(3)
    arguments = (folder, tmp_path / "cache", counter, barrier)
    processes = [context.Process(target=_decode_and_count, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    results = [counter.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert sorted(count for count, _ in results) == [0, 0, 30]
    assert all(each == [8 * number for number in range(30)] for _, each in results)


def test_broken_files_are_named_or_left_out(folder, tmp_path):
    (folder / "03.png").write_bytes(b"")
    (folder / "07.png").write_bytes(b"no picture")
    named = r"at most {} of the 30 files in .* got 2: 03.png \(the file is empty\); 07.png .*max_broken"
    with pytest.raises(ConfigurationError, match=named.format("0")):
        cached_images(folder, SMALL, tmp_path / "cache")
    with pytest.raises(ConfigurationError, match=named.format(r"0\.05")):
        cached_images(folder, SMALL, tmp_path / "cache", max_broken=0.05)
    content = cached_images(folder, SMALL, tmp_path / "cache", max_broken=0.07)
    assert len(content.images) == len(content.names) == 28
    assert set(content.broken) == {"03.png", "07.png"}
    assert shades(content.images)[3] == 8 * 4


def test_a_message_names_three_broken_files_at_most(folder, tmp_path):
    for file in folder.iterdir():
        file.write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"got 30: .* and 27 more;") as refused:
        cached_images(folder, SMALL, tmp_path / "cache")
    assert "\n" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="expected at least one readable image"):
        cached_images(folder, SMALL, tmp_path / "cache", max_broken=1.0)


def test_a_cache_that_cannot_be_written(folder, monkeypatch, tmp_path):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cache, "FileLock", refuse)
    with pytest.raises(ConfigurationError, match="cache: expected a folder that can be written"):
        cached_images(folder, SMALL, tmp_path / "cache")


def test_the_default_place_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "lightning_modeinterp"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert str(default_cache()).startswith(os.path.expanduser("~"))
