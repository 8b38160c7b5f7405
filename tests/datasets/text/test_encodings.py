from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.text.encodings import read_text

TEXT = "深南大道,1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_reads_the_same_in_every_encoding(tmp_path: Path, encoding: str):
    file = tmp_path / "a.csv"
    file.write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    assert read_text(file) == TEXT


def test_a_missing_file_a_folder_and_binary_noise_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="the file is missing; check the name"):
        read_text(tmp_path / "no.csv")
    with pytest.raises(InputError, match="this is a folder"):
        read_text(tmp_path)
    (tmp_path / "noise").write_bytes(b"\xff\x00\x81\xff")
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030; save it as UTF-8"):
        read_text(tmp_path / "noise")
