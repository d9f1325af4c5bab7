import math

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sheets import read_score_table


def read(tmp_path, text):
    (tmp_path / "scores.csv").write_bytes(text.encode("latin-1"))
    return read_score_table(tmp_path / "scores.csv")


def test_of_files(tmp_path):
    table = read(tmp_path, '\xef\xbb\xbffile,index,s,prompt,t\r\na.png,0,1e-3,"a, b",2\r\nsub/b.png,1,,c\xe9,nan\r\n')
    assert (table.names, table.has_files, list(table.scores)) == (("a.png", "sub/b.png"), True, ["s", "t"])
    assert table.scores["s"][0] == 1e-3
    assert table.scores["s"].isnan().tolist() == [False, True]
    assert math.isnan(table.scores["t"][1])
    assert table.rows(["sub/b.png", "a.png"]).tolist() == [1, 0]


@pytest.mark.parametrize("names", [["000002.png", "0.png"], ["2", "0"], ["sub/02.jpg", "sub/000.jpg"]])
def test_of_numbered_samples(tmp_path, names):
    table = read(tmp_path, "index,s\n0,5\n1,6\n2,7\n")
    assert table.scores["s"][table.rows(names)].tolist() == [7, 5]


@pytest.mark.parametrize("name", ["cat.png", "3.png", "-1.png", ""])
def test_a_file_without_a_row(tmp_path, name):
    with pytest.raises(
        ConfigurationError, match=r"row for each of 2 files, found none for 1, such as .*add a row with index"
    ):
        read(tmp_path, "index,s\n0,5\n1,6\n2,7\n").rows(["0", name])


def test_a_row_without_a_name_and_short_rows(tmp_path):
    assert read(tmp_path, "file,s,t\na,1\nb\n").scores["s"].isnan().tolist() == [False, True]
    with pytest.raises(ConfigurationError, match="a row for each sample, got columns none and 0 rows"):
        read(tmp_path, "")
