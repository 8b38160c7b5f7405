from pathlib import Path

import pytest

from citytide.datasets.catalogue import downloads as catalogue
from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.catalogue.sources import DATASETS, File
from citytide.datasets.errors import InputError

SIZES = {
    "sioux-falls": (24, 76),
    "anaheim": (416, 914),
    "chicago-sketch": (933, 2950),
    "braess": (4, 5),
    "futian": (1338, 2751),
}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CITYTIDE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_every_entry_is_complete():
    for dataset in DATASETS.values():
        assert dataset.title and dataset.repository and dataset.terms and dataset.files
        for file in dataset.files:
            assert len(file.sha256) == 64 and file.bytes > 0 and not file.path.startswith("/")
            assert file.url is None or file.url.startswith("https://raw.githubusercontent.com/")


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_files_have_the_bytes_that_the_catalogue_says(data: Path, name: str):
    assert catalogue.verify_dataset(name) == []


@pytest.mark.parametrize("name", sorted(SIZES))
def test_names_open_their_networks(data: Path, name: str):
    instance = open_instance(name)
    assert (instance.name, instance.n_nodes, instance.n_links) == (name, *SIZES[name])
    assert instance.sources and all(file.is_file() for file in instance.sources)
    weights = (0.02, 0.04) if name == "chicago-sketch" else (0.0, 0.0)
    assert (instance.toll_weight, instance.distance_weight) == weights


def test_chicago_sketch_says_why_it_brings_weights(data: Path):
    assert any(
        "toll_weight 0.02" in note and "published optimum" in note for note in open_instance("chicago-sketch").notes
    )


def test_a_changed_file_is_found_and_refused(nowhere: Path):
    place = nowhere / "data" / "traffic" / "tntp" / "Braess-Example"
    place.mkdir(parents=True)
    (place / "Braess_net.tntp").write_bytes(b"x" * 465)
    (place / "Braess_trips.tntp").write_bytes(b"x")
    problems = catalogue.verify_dataset("braess")
    assert len(problems) == 2 and "sha256 is" in problems[0] and "has 1 bytes, the catalogue says 108" in problems[1]
    with pytest.raises(
        InputError, match=r"Braess_net.tntp: the file's sha256 is \w+, the catalogue says .* fetch it again"
    ):
        open_instance("braess")


def test_a_fetch_that_fails_names_the_address_and_the_folder(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    import pooch

    def unreachable(*args: object, **kwargs: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(pooch, "retrieve", unreachable)
    with pytest.raises(InputError) as caught:
        open_instance("braess")
    text = str(caught.value)
    assert "the fetch failed (ConnectionError): https://raw.githubusercontent.com/bstabler/" in text
    assert str(nowhere / "cache" / "citytide" / "traffic" / "tntp" / "Braess-Example" / "Braess_net.tntp") in text
    assert "set CITYTIDE_DATA" in text and "\n" not in text


def test_a_fetch_puts_checked_bytes_into_the_cache(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    """The real pooch, with a downloader that reads a file instead of the network."""
    import hashlib

    import pooch

    body = b"<END OF METADATA>\n"
    wrong = File("a/b.txt", "0" * 64, len(body), "https://example.org/b.txt")
    right = File("a/b.txt", hashlib.sha256(body).hexdigest(), len(body), "https://example.org/b.txt")

    class Copy:
        def __init__(self, **_: object) -> None:
            pass

        def __call__(self, url: str, output: str, pooch: object) -> None:
            Path(output).write_bytes(body)

    monkeypatch.setattr(pooch, "HTTPDownloader", Copy)
    with pytest.raises(InputError, match=r"its bytes differ from those of the catalogue: https://example.org/b.txt"):
        catalogue._fetch_file(wrong)
    assert catalogue.find_file(right) is None, "wrong bytes are not kept"
    assert catalogue._fetch_file(right).read_bytes() == body
    assert catalogue.find_file(right) == nowhere / "cache" / "citytide" / "a" / "b.txt"


def test_a_file_without_an_address_says_where_to_put_it(nowhere: Path):
    with pytest.raises(InputError, match=r"has no stable address; put it at .*districts.geojson, or set CITYTIDE_DATA"):
        catalogue.fetch("shenzhen-districts")


def test_an_unknown_data_set_lists_the_known_ones():
    with pytest.raises(InputError, match="data set 'paris' is not in the catalogue; known names are anaheim, braess"):
        catalogue.fetch("paris")
