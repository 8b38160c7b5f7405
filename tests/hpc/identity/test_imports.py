"""Import statements are found in the text of a module exactly as Python's parser finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.hpc.identity import imports
from citytide.hpc.identity.imports import Import, read_imports

ROOT = Path(__file__).parents[3]
ODD = [
    b"import a; import b\n",
    b"if True: import a\n",
    b"from a import (  # the first (and best)\n    b,  # )\n    c,\n)\n",
    b"from a \\\n    import b\n",
    b"import a, \\\n    b\n",
    b'"""Use it so:\n\nimport a\nfrom b import c\n"""\nimport d\n',
    b"text = '''\nimport a\n'''\n",
    b"try:\n    import a\nexcept ImportError:\n    import b as a\n",
    b"def f(\n    x,\n) -> int:\n    from . import a\n    return a\n",
    b"if TYPE_CHECKING:\n    from .a import B\nelse:\n    B = object\nfrom .c import *\n",
    b"class A:\n    from .b import c\n\n    async def d(self):\n        import e.f as g\n",
    b"match x:\n    case 1:\n        import a\n",
    b"from a import(b)\r\nimport c\r\n",
    b"x = 'import a'\n# import b\nfrom __future__ import annotations\n",
    b"\tif x:\n",  # no Python
    "# -*- coding: latin-1 -*-\nimport a  # \xe9\n".encode("latin-1"),
]


def parse(source: bytes) -> list[str]:
    return sorted(map(repr, imports._parse(source)))


@pytest.mark.parametrize("source", ODD)
def test_odd_statements_are_read_as_the_parser_reads_them(source: bytes) -> None:
    assert sorted(map(repr, read_imports(source))) == parse(source)


def test_every_module_of_the_product_is_read_as_the_parser_reads_it() -> None:
    paths = [path for room in ("hpc", "kernels", "workflows") for path in (ROOT / room).rglob("*.py")]
    assert len(paths) > 200
    assert not [
        path for path in paths if sorted(map(repr, read_imports(path.read_bytes()))) != parse(path.read_bytes())
    ]


def test_names_keep_what_they_are_bound_to() -> None:
    assert read_imports(b"from ..a.b import c as d, e\n") == (Import("a.b", 2, (("c", "d"), ("e", "e"))),)
    assert read_imports(b"import a.b as c, d\n") == (Import("a.b"), Import("d"))
