from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.documents import find_lines, read_document
from citytide.hpc.plan.profiles import Profile
from citytide.hpc.plan.settings import RunFile


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("workflow: a\nset:\n  gap: 1\n  gap: 2\n", r"line 4: key 'gap' is in line 3 already: keep one"),
        ("workflow: a\nworkflow: b\n", r"line 2: key 'workflow' is in line 1"),
        ("workflow: a\nset: {gap: 1, 'gap': 2}\n", r"line 2: key 'gap' is in line 2"),
        ("workflow: a\nset:\n  list:\n    - {a: 1, a: 2}\n", r"line 4: key 'a'"),
    ],
)
def test_key_given_twice_is_refused_by_line(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(RunError, match=f"run.yaml {sentence}"):
        read_document("run file", tmp_path / "run.yaml", RunFile)


def test_same_key_in_two_places_is_no_double(tmp_path: Path) -> None:
    pool = "{memory: 1GB, workers: 1}"
    (tmp_path / "two.yaml").write_text(f"name: two\npools:\n  a: &pool {pool}\n  b: {pool}\n  c: *pool\n")
    assert set(read_document("profile", tmp_path / "two.yaml", Profile).pools) == {"a", "b", "c"}


def test_empty_and_broken_documents_are_named(tmp_path: Path) -> None:
    for text, sentence in (("", "must be a mapping"), ("[1", "cannot be read"), ("- 1\n", "must be a mapping")):
        (tmp_path / "run.yaml").write_text(text)
        with pytest.raises(RunError, match=rf"run.yaml {sentence}"):
            read_document("run file", tmp_path / "run.yaml", RunFile)


def test_lines_are_found_by_dotted_path() -> None:
    assert dict(find_lines("a: 1\nb:\n  c: 2\n")) == {"a": 1, "b": 2, "b.c": 3}
