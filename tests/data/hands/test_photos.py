"""A folder of small photos, drawn for the test: dark hands on a light ground, larger than the square they end in."""

import pytest
import torch
from PIL import Image

from lightning_modeinterp.data.hands import FingerCount, HandPhotosDataModule, Hands
from lightning_modeinterp.errors import ConfigurationError

SIZE = 64


@pytest.fixture
def folder(tmp_path):
    """Eight photos of four persons, wider than high; each hand in the left part."""
    place = tmp_path / "photos"
    place.mkdir()
    hands = Hands(96, 3, tone=(0.3, 0.5), background=(0.95, 0.95))
    for number, image in enumerate(hands.sample(8, torch.Generator().manual_seed(0)).images):
        photo = Image.new("RGB", (160, 120), (242, 242, 242))
        photo.paste(Image.fromarray(image.permute(1, 2, 0).numpy()), (10, 24))
        photo.save(place / f"Hand_{number:07d}.png")
    rows = [f"{n // 2},{n},{'dorsal' if n % 2 else 'palmar'} right,Hand_{n:07d}.png" for n in range(8)]
    (place / "HandInfo.csv").write_text("\n".join(["id,age,aspectOfHand,imageName", *rows]))
    return place


def photos(folder, **settings):
    defaults = {"image_size": SIZE, "cache": folder.parent / "cache", "batch_size": 1}
    return HandPhotosDataModule(folder, **{**defaults, "validation_rate": 0.25, "test_rate": 0.25, **settings})


def test_hands_are_cut_out(folder):
    data = photos(folder)
    assert data.cut.shape == (8, 3, SIZE, SIZE)
    is_hand = (torch.from_numpy(data.cut).float().mean(1) < 160).double()
    assert (is_hand.amax(1)[:, :2].sum(1) == 0).all()  # a margin
    assert (is_hand.amax(2).sum(1) > 0.7 * SIZE).all()  # and not much more
    assert (FingerCount().judge(torch.from_numpy(data.cut).float()).details["fingers"] == 5).all()


def test_a_person_is_in_one_split(folder):
    data = photos(folder)
    rows = data.rows(data.decoded.names)
    assert sorted(torch.cat(list(rows.values())).tolist()) == list(range(8))
    persons = {split: {row // 2 for row in each.tolist()} for split, each in rows.items()}
    assert sum(map(len, persons.values())) == 4
    assert len(data.make_dataset("train")) == 4


def test_one_side_of_the_hand(folder):
    data = photos(folder, aspect="dorsal")
    assert sorted(torch.cat(list(data.rows(data.decoded.names).values())).tolist()) == [1, 3, 5, 7]


def test_without_the_list_photos_are_split_one_by_one(folder):
    (folder / "HandInfo.csv").unlink()
    data = photos(folder)
    assert sorted(len(each) for each in data.rows(data.decoded.names).values()) == [2, 2, 4]
    with pytest.raises(ConfigurationError, match=r"expected HandInfo\.csv"):
        photos(folder, aspect="palmar").rows(data.decoded.names)


def test_what_people_call_no_five_is_left_out(folder):
    labels = folder.parent / "labels.csv"
    labels.write_text("name,key,label\nHand_0000003.png,k,6\nHand_0000004.png,l,5\n")
    data = photos(folder, labels=labels)
    assert 3 not in torch.cat(list(data.rows(data.decoded.names).values()))


def test_labels_of_absent_photos_are_refused(folder):
    labels = folder.parent / "labels.csv"
    labels.write_text("name,key,label\nnobody.png,k,6\n")
    with pytest.raises(ConfigurationError, match=r"got 1 of others \(nobody\.png\)"):
        photos(folder, labels=labels).setup("fit")


def test_broken_files_are_left_out_up_to_a_limit(folder):
    (folder / "Hand_0000003.png").write_bytes(b"")
    content = (folder / "Hand_0000005.png").read_bytes()
    (folder / "Hand_0000005.png").write_bytes(content[: len(content) // 2])
    data = photos(folder, max_broken=0.25)
    assert len(data.cut) == 6
    assert set(data.decoded.broken) == {"Hand_0000003.png", "Hand_0000005.png"}
    with pytest.raises(ConfigurationError, match=r"at most 0\.1 of the 8 files .* got 2: Hand_0000003\.png"):
        photos(folder, max_broken=0.1).setup("fit")


def test_no_hand_in_any_image(tmp_path):
    place = tmp_path / "empty_ground"
    place.mkdir()
    for number in range(4):
        Image.new("RGB", (90, 80), (200, 200, 200 + number)).save(place / f"{number}.png")
    with pytest.raises(ConfigurationError, match="found none on 4 images"):
        photos(place).setup("fit")


def test_an_empty_folder(tmp_path):
    place = tmp_path / "nothing"
    place.mkdir()
    with pytest.raises(ConfigurationError, match="found none among 0 files"):
        photos(place).setup("fit")


def test_too_small_for_fingers(folder):
    with pytest.raises(ConfigurationError, match="image_size >= 24"):
        photos(folder, image_size=16)
