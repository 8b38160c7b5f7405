"""Ways to get the values of an array out of a program: each is a function of the array and a folder it may write to.

What a way returns, prints, logs, raises and writes is looked at by `test_ways_out`.
"""

from __future__ import annotations

import array
import ast
import base64
import collections
import copy
import copyreg
import csv
import ctypes
import dataclasses
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import importlib
import itertools
import locale
import logging
import marshal
import math
import multiprocessing.reduction
import operator
import os
import pickle
import pprint
import random
import reprlib
import shelve
import statistics
import string
import struct
import sys
import textwrap
import timeit
import traceback
import types
import typing
import unittest
import unittest.mock
import warnings
import xml.sax.saxutils
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Way = Callable[[Any, Path], Any]


def load(name: str) -> Any:
    """A library that is slow to import; the ways that need it are the only ones that wait."""
    return importlib.import_module(name)


def fail_with(error: BaseException) -> None:
    raise error


def fail_from(x: Any) -> None:
    raise RuntimeError("failed") from ValueError(x)


def fail_beside(x: Any) -> None:
    beside = x  # a local of the frame that the traceback shows
    raise ValueError(f"{type(beside).__name__} went wrong")


def tell_locals(x: Any, tell: Callable[[BaseException], Any]) -> Any:
    try:
        fail_beside(x)
    except ValueError as error:
        return tell(error)


def log(x: Any, text: str, *more: Any, **keys: Any) -> None:
    logging.getLogger("ways").error(text, *more or (x,), **keys)


def pickle_it(x: Any, folder: Path) -> None:
    with (folder / "a.pickle").open("wb") as file:
        pickle.dump(x, file)


def shelve_it(x: Any, folder: Path) -> None:
    with shelve.open(str(folder / "shelf")) as shelf:
        shelf["a"] = x


def zip_it(x: Any, folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a", x)


def write_csv(x: Any, folder: Path) -> None:
    with (folder / "a.csv").open("w") as file:
        csv.writer(file).writerow(x)


def write_dict_csv(x: Any, folder: Path) -> None:
    with (folder / "a.csv").open("w") as file:
        csv.DictWriter(file, ["a"]).writerow({"a": x})


@dataclasses.dataclass
class Holder:
    a: Any


class Pair(typing.NamedTuple):
    a: Any


TEXT: dict[str, Way] = {
    "print": lambda x, _: print(x),
    "print to stderr": lambda x, _: print(x, file=sys.stderr),
    "print several": lambda x, _: print("day", x, sep="="),
    "repr": lambda x, _: repr(x),
    "str": lambda x, _: str(x),
    "ascii": lambda x, _: ascii(x),
    "format": lambda x, _: format(x),
    "format with spec": lambda x, _: format(x, ""),
    "f-string": lambda x, _: f"{x}",
    "f-string !r": lambda x, _: f"{x!r}",
    "f-string !s": lambda x, _: f"{x!s}",
    "f-string =": lambda x, _: f"{x=}",
    "str.format": lambda x, _: "{}".format(x),  # noqa: UP032
    "str.format entry": lambda x, _: f"{x[0]}",
    "str.format attribute": lambda x, _: f"{x.T}",
    "format_map": lambda x, _: "{a}".format_map({"a": x}),
    "%s": lambda x, _: "%s" % (x,),  # noqa: UP031
    "%r": lambda x, _: "%r" % (x,),  # noqa: UP031
    "string.Template": lambda x, _: string.Template("$a").substitute(a=x),
    "string.Formatter": lambda x, _: string.Formatter().format("{}", x),
    "join": lambda x, _: " ".join(map(str, x)),
    "bytes": lambda x, _: bytes(x),
    "bytearray": lambda x, _: bytearray(x),
    "memoryview": lambda x, _: memoryview(x),
    "repr of a list": lambda x, _: repr([x]),
    "str of a dict": lambda x, _: str({"a": x}),
    "str of a tuple": lambda x, _: str((x,)),
    "str of a set": lambda x, _: str({x}),
    "repr of a dataclass": lambda x, _: repr(Holder(x)),
    "asdict": lambda x, _: str(dataclasses.asdict(Holder(x))),
    "repr of a named tuple": lambda x, _: repr(Pair(x)),
    "repr of a namespace": lambda x, _: repr(types.SimpleNamespace(a=x)),
    "repr of a partial": lambda x, _: repr(functools.partial(print, x)),
    "repr of a deque": lambda x, _: repr(collections.deque([x])),
    "repr of a counter": lambda x, _: repr(collections.OrderedDict(a=x)),
    "repr of a mock call": lambda x, _: repr(unittest.mock.call(x)),
    "pprint": lambda x, _: pprint.pprint(x),
    "pprint of a dict": lambda x, _: pprint.pprint({"a": x}),
    "pformat": lambda x, _: pprint.pformat([x]),
    "saferepr": lambda x, _: pprint.saferepr(x),
    "reprlib": lambda x, _: reprlib.repr(x),
    "reprlib of a list": lambda x, _: reprlib.repr([x]),
    "rich": lambda x, _: load("rich.pretty").pretty_repr([x]),
    "rich print": lambda x, _: load("rich").print(x),
    "rich inspect": lambda x, _: load("rich").inspect(x, all=True, value=True),
    "click echo": lambda x, _: load("click").echo(x),
    "jinja2": lambda x, _: load("jinja2").Template("{{ a }}").render(a=x),
    "jinja2 loop": lambda x, _: load("jinja2").Template("{% for b in a %}{{ b }}{% endfor %}").render(a=x),
    "textwrap": lambda x, _: textwrap.fill(x),
    "saxutils": lambda x, _: xml.sax.saxutils.escape(x),
    "html repr": lambda x, _: x._repr_html_(),
    "mimebundle": lambda x, _: x._repr_mimebundle_(),
    "displayhook": lambda x, _: sys.displayhook(x),
    "literal_eval": lambda x, _: ast.literal_eval(x),
    "array2string": lambda x, _: np.array2string(x),
    "array_repr": lambda x, _: np.array_repr(x),
    "array_str": lambda x, _: np.array_str(x),
    "stdout.write": lambda x, _: sys.stdout.write(x),
    "stdout.buffer.write": lambda x, _: sys.stdout.buffer.write(x),
    "stderr.writelines": lambda x, _: sys.stderr.writelines(map(str, x)),
    "os.write": lambda x, _: os.write(2, x),
    "locale.str": lambda x, _: locale.str(x[0]),
    "decimal": lambda x, _: str(decimal.Decimal(x)),
    "hex": lambda x, _: hex(x),
}

RAISED: dict[str, Way] = {
    "argument of an exception": lambda x, _: fail_with(ValueError(x)),
    "text of an exception": lambda x, _: fail_with(ValueError(f"bad day {x}")),
    "KeyError": lambda x, _: fail_with(KeyError(x)),
    "SystemExit": lambda x, _: fail_with(SystemExit(x)),
    "OSError": lambda x, _: fail_with(OSError(2, "no file", x)),
    "lookup of a missing key": lambda x, _: {}[x],
    "assert message": lambda x, _: fail_with(AssertionError("wrong", x)),
    "note": lambda x, _: ValueError().add_note(x),
    "exception group": lambda x, _: fail_with(ExceptionGroup("several", [ValueError(x)])),
    "cause": lambda x, _: fail_from(x),
    "int()": lambda x, _: int(x),
    "float()": lambda x, _: float(x),
    "unittest": lambda x, _: unittest.TestCase().assertIsNone(x),
    "assert_array_equal": lambda x, _: np.testing.assert_array_equal(x, np.zeros(4)),
    "assert_called": lambda x, _: unittest.mock.Mock(return_value=1).assert_called_with(x),
    "format_exception": lambda x, _: tell_locals(x, lambda error: "".join(traceback.format_exception(error))),
    "traceback with locals": lambda x, _: tell_locals(
        x, lambda error: "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    ),
    "rich traceback with locals": lambda x, _: tell_locals(
        x,
        lambda error: (
            load("rich.console")
            .Console(file=sys.stderr)
            .print(load("rich.traceback").Traceback.from_exception(type(error), error, None, show_locals=True))
        ),
    ),
    "pickled exception": lambda x, _: pickle.dumps(ValueError(x)),
    "warning": lambda x, _: warnings.warn(str(x), stacklevel=1),
    "showwarning": lambda x, _: warnings.showwarning(x, UserWarning, "a", 1),
    "logging %s": lambda x, _: log(x, "day %s"),
    "logging %r": lambda x, _: log(x, "day %r"),
    "logging of the thing": lambda x, _: logging.getLogger("ways").error(x),
    "logging f-string": lambda x, _: log(x, f"day {x}", 1),
    "logging a dict": lambda x, _: log(x, "%(a)s", {"a": x}),
    "logging extra": lambda x, _: log(x, "day %(b)s", {"b": 1}, extra={"a": x}),
    "logging exception": lambda x, _: tell_locals(x, lambda error: log(x, "failed %s", x, exc_info=error)),
    "log record": lambda x, _: logging.LogRecord("a", 1, "b", 1, "%s", (x,), None).getMessage(),
}

PICKLED: dict[str, Way] = {
    **{f"pickle protocol {n}": functools.partial(lambda n, x, _: pickle.dumps(x, n), n) for n in range(6)},
    "pickle out of band": lambda x, _: pickle.dumps(x, 5, buffer_callback=print),
    "pickle to a file": pickle_it,
    "pickle of a list": lambda x, _: pickle.dumps([x]),
    "pickle of a dict": lambda x, _: pickle.dumps({"a": x}),
    "pickle of a dataclass": lambda x, _: pickle.dumps(Holder(x)),
    "pickle of a partial": lambda x, _: pickle.dumps(functools.partial(print, x)),
    "cloudpickle": lambda x, _: load("cloudpickle").dumps(x),
    "cloudpickle of a closure": lambda x, _: load("cloudpickle").dumps(lambda: x),
    "cloudpickle of a generator": lambda x, _: load("cloudpickle").dumps(list(x)),
    "ForkingPickler": lambda x, _: bytes(multiprocessing.reduction.ForkingPickler.dumps(x)),
    "distributed serialize": lambda x, _: load("distributed.protocol").serialize_bytes(x, on_error="raise"),
    "distributed pickle": lambda x, _: load("distributed.protocol.pickle").dumps(x),
    "copy": lambda x, _: copy.copy(x),
    "deepcopy": lambda x, _: copy.deepcopy(x),
    "deepcopy of a list": lambda x, _: copy.deepcopy([x]),
    "reduce": lambda x, _: x.__reduce__(),
    "reduce_ex": lambda x, _: x.__reduce_ex__(4),
    "object.__reduce_ex__": lambda x, _: object.__reduce_ex__(x, 2),
    "copyreg": lambda x, _: copyreg.__reduce_ex__(x, 1),  # type: ignore[attr-defined]
    "getstate": lambda x, _: x.__getstate__(),
    "marshal": lambda x, _: marshal.dumps(x),
    "shelve": shelve_it,
    "zip file": zip_it,
    "csv": write_csv,
    "csv of a dict": write_dict_csv,
    "struct": lambda x, _: struct.pack("4q", *x),
    "ctypes": lambda x, _: (ctypes.c_int64 * 4)(*x),
    "ctypes buffer": lambda x, _: bytes((ctypes.c_char * 32).from_buffer(x)),
    "array.array": lambda x, _: array.array("q", x),
    "base64": lambda x, _: base64.b64encode(x),
    "zlib": lambda x, _: zlib.decompress(zlib.compress(x)),
    "hash of it": lambda x, _: hashlib.sha256(x).hexdigest(),
    "dask tokenize": lambda x, _: load("dask.base").normalize_token(x),
}

PARTS: dict[str, Way] = {
    "list": lambda x, _: list(x),
    "tuple": lambda x, _: tuple(x),
    "set": lambda x, _: set(x),
    "dict": lambda x, _: dict(enumerate(x)),
    "iter": lambda x, _: next(iter(x)),
    "next": lambda x, _: next(x),
    "reversed": lambda x, _: list(reversed(x)),
    "sorted": lambda x, _: sorted(x),
    "map": lambda x, _: list(map(int, x)),
    "zip": lambda x, _: list(zip(x, x, strict=True)),
    "unpack": lambda x, _: [*x],
    "star argument": lambda x, _: print(*x),
    "chain": lambda x, _: list(itertools.chain(x)),
    "islice": lambda x, _: list(itertools.islice(x, 2)),
    "accumulate": lambda x, _: list(itertools.accumulate(x)),
    "entry": lambda x, _: x[0],
    "slice": lambda x, _: x[1:],
    "mask": lambda x, _: x[np.array([True] * 4)],
    "itemgetter": lambda x, _: operator.itemgetter(0)(x),
    "operator.getitem": lambda x, _: operator.getitem(x, 1),
    "match": lambda x, _: [first for first, *_ in [x]],
    "sum": lambda x, _: sum(x),
    "min": lambda x, _: min(x),
    "max": lambda x, _: max(x),
    "heapq": lambda x, _: heapq.nlargest(2, x),
    "fsum": lambda x, _: math.fsum(x[:1]),
    "median": lambda x, _: statistics.median_low(x),
    "random.choice": lambda x, _: random.choice(x),
    "fraction": lambda x, _: fractions.Fraction(int(x[0])),
    "Counter": lambda x, _: collections.Counter(x),
    "Enum": lambda x, _: enum.Enum("E", {"a": x[0]}),
    "len": lambda x, _: len(x),
    "shape": lambda x, _: x.shape,
    "size": lambda x, _: x.size,
    "tolist": lambda x, _: x.tolist(),
    "item": lambda x, _: x.item(0),
    "tobytes": lambda x, _: x.tobytes(),
    "data": lambda x, _: bytes(x.data),
    "flat": lambda x, _: list(x.flat),
    "view": lambda x, _: x.view(),
    "T": lambda x, _: x.T,
    "astype": lambda x, _: x.astype(float),
    "dump": lambda x, folder: x.dump(folder / "a.dump"),
    "dumps": lambda x, _: x.dumps(),
    "tofile": lambda x, folder: x.tofile(folder / "a.bin"),
    "tofile as text": lambda x, folder: x.tofile(folder / "a.txt", sep=","),
    "equals": lambda x, _: [value for value in CANDIDATES if (x == value).any()],
    "searched by <": lambda x, _: [value for value in CANDIDATES if (x <= value).any() and (x >= value).any()],
    "in": lambda x, _: [value for value in CANDIDATES if value in x],
    "bool": lambda x, _: bool(x),
    "changed into": lambda x, _: operator.setitem(x, 0, 1) or x,
}
CANDIDATES: list[int] = []  # values that a search would try

NUMBERS: dict[str, Way] = {
    **{
        f"operator.{name}": functools.partial(lambda name, x, _: getattr(operator, name)(x, 0), name)
        for name in ("add", "sub", "or_", "xor", "lshift", "rshift", "iadd")
    },
    "0 + x": lambda x, _: 0 + x,
    "array + x": lambda x, _: np.zeros(4, np.int64) + x,
    "1 * x": lambda x, _: 1 * x,
    "divmod": lambda x, _: divmod(x, 2**60)[1],
    "x @ identity": lambda x, _: x @ np.eye(4),
    "identity @ x": lambda x, _: np.eye(4) @ x,
    "-x": lambda x, _: operator.neg(-x),
    "+x": lambda x, _: +x,
    "~x": lambda x, _: ~(~x),
    "abs": lambda x, _: abs(x),
    "round": lambda x, _: round(x),
    "pow": lambda x, _: pow(x, 1),
    "timeit": lambda x, _: timeit.timeit(lambda: print(x[0]), number=1),
}
