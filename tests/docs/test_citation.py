"""How to cite says the version of the package, and names the paper as the README does."""

import tomllib
from pathlib import Path

import yaml

import lightning_modeinterp

ROOT = Path(__file__).parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
README = (ROOT / "README.md").read_text()


def test_it_has_the_version_and_license_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert CITATION["version"] == project["version"] == lightning_modeinterp.__version__
    assert CITATION["license"] == project["license"]
    assert CITATION["title"] == project["name"]


def test_the_paper_is_the_one_of_the_readme():
    (paper,) = CITATION["references"]
    assert paper["title"] in README
    assert paper["url"] in README
    assert all(author["family-names"] in README for author in paper["authors"])
