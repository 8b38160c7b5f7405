"""Ways to get the values of an array out of a program through libraries, and by looking at the object itself."""

from __future__ import annotations

import dis
import inspect
import json
import os
import pydoc
import sys
import weakref
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ways_out import Way, load


def draw(x: Any, folder: Path, kind: str) -> Any:
    figure = load("matplotlib.figure").Figure()
    getattr(figure.add_subplot(), kind)(*((x, x) if kind in ("scatter", "bar", "step", "stem") else (x,)))
    figure.savefig(folder / "drawn.svg")
    return figure


def open_zarr(folder: Path) -> Any:
    return load("zarr").create_array(folder / "a.zarr", shape=(4,), dtype="int64", chunks=(4,), compressors=None)


def write_h5(x: Any, folder: Path) -> None:
    with load("h5py").File(folder / "a.h5", "w") as file:
        file["a"] = x


def frame(x: Any) -> Any:
    return load("pandas").DataFrame({"a": x})


def dataset(x: Any) -> Any:
    return load("xarray").Dataset({"a": ("b", x)})


def write_npy(x: Any, folder: Path) -> None:
    with (folder / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, x)


def put(x: Any, order: tuple[Any, ...] = (slice(None),)) -> Any:
    into = np.zeros(4, np.int64)
    into[order] = x
    return into


def assign_zarr(x: Any, folder: Path) -> None:
    open_zarr(folder)[:] = x


def keep_object(x: Any, folder: Path) -> None:
    held = np.empty(1, object)
    held[0] = x
    np.save(folder / "a.npy", held, allow_pickle=True)


NUMPY: dict[str, Way] = {
    **{
        f"np.{name}": partial(lambda name, x, _: getattr(np, name)(x), name)
        for name in (
            "array asarray asanyarray ascontiguousarray asfortranarray copy sum mean max min sort argsort unique "
            "cumsum diff concatenate vstack ravel squeeze nonzero array_split flip negative abs nan_to_num median "
            "atleast_1d fromiter"
        ).split()
        if name not in ("array_split", "fromiter", "concatenate", "vstack", "nonzero", "argsort")
    },
    "np.array of objects": lambda x, _: np.array(x, dtype=object),
    "np.array of a list": lambda x, _: np.array([x]),
    "np.concatenate": lambda x, _: np.concatenate([x, x]),
    "np.stack": lambda x, _: np.stack([x, x]),
    "np.add": lambda x, _: np.add(x, 0),
    "np.add out": lambda x, _: np.add(np.zeros(4, np.int64), 0, out=x),
    "np.add.reduce": lambda x, _: np.add.reduce(x),
    "np.where": lambda x, _: np.where([True] * 4, x, 0),
    "np.take": lambda x, _: np.take(x, [0, 1]),
    "np.put": lambda x, _: put(x),
    "np.copyto": lambda x, _: np.copyto(np.zeros(4, np.int64), x),
    "np.histogram": lambda x, _: np.histogram(x),
    "np.bincount weights": lambda x, _: np.bincount(np.arange(4), weights=x),
    "np.dot": lambda x, _: np.dot(np.eye(4), x),
    "np.einsum": lambda x, _: np.einsum("i->i", x),
    "np.interp": lambda x, _: np.interp([0, 1], [0, 1, 2, 3], x),
    "np.fromiter": lambda x, _: np.fromiter(x, np.int64),
    "np.frombuffer": lambda x, _: np.frombuffer(x, np.int64),
    "np.from_dlpack": lambda x, _: np.from_dlpack(x),
    "np.vectorize": lambda x, _: np.vectorize(int)(x),
    "np.nditer": lambda x, _: [int(one) for one in np.nditer(x)],
    "np.ndenumerate": lambda x, _: list(np.ndenumerate(x)),
    "np.broadcast_to": lambda x, _: np.broadcast_to(x, (2, 4)),
    "np.ma": lambda x, _: np.ma.array(x),
    "np.strings": lambda x, _: np.asarray(x).astype(str).tolist(),
    "np.rec": lambda x, _: np.rec.fromarrays([x]),
    "np.save": lambda x, folder: np.save(folder / "a.npy", x),
    "np.save of an object": keep_object,
    "np.savez": lambda x, folder: np.savez(folder / "a.npz", x),
    "np.savez_compressed": lambda x, folder: np.savez_compressed(folder / "a.npz", a=x),
    "np.savetxt": lambda x, folder: np.savetxt(folder / "a.txt", x, fmt="%d"),
    "np.lib.format": lambda x, folder: write_npy(x, folder),
    "np.memmap": lambda x, folder: np.memmap(folder / "a.map", np.int64, "w+", shape=(4,)).__setitem__(slice(None), x),
    "__array__": lambda x, _: x.__array__(),
    "__array_interface__": lambda x, _: np.asarray(type("I", (), {"__array_interface__": x.__array_interface__})()),
    "__array_struct__": lambda x, _: x.__array_struct__,
    "__dlpack__": lambda x, _: x.__dlpack__(),
    "__cuda_array_interface__": lambda x, _: x.__cuda_array_interface__,
    "__buffer__": lambda x, _: memoryview(x).tobytes(),
    "__array_ufunc__": lambda x, _: x.__array_ufunc__(np.add, "__call__", x, 0),
    "__array_function__": lambda x, _: x.__array_function__(np.copy, [np.ndarray], (x,), {}),
}

LIBRARIES: dict[str, Way] = {
    "pandas Series": lambda x, _: load("pandas").Series(x),
    "pandas Series printed": lambda x, _: print(load("pandas").Series(x)),
    "pandas Series of one": lambda x, _: repr(load("pandas").Series([x])),
    "pandas DataFrame": lambda x, _: frame(x),
    "pandas DataFrame of a list": lambda x, _: load("pandas").DataFrame([x]),
    "pandas Index": lambda x, _: load("pandas").Index(x),
    "pandas Categorical": lambda x, _: load("pandas").Categorical(x),
    "pandas to_datetime": lambda x, _: load("pandas").to_datetime(x, unit="s").astype("int64") // 10**9,
    "pandas to_csv": lambda x, folder: frame(x).to_csv(folder / "a.csv"),
    "pandas to_json": lambda x, _: frame(x).to_json(),
    "pandas to_html": lambda x, _: frame(x).to_html(),
    "pandas to_parquet": lambda x, folder: frame(x).to_parquet(folder / "a.parquet", compression="none"),
    "pandas to_pickle": lambda x, folder: frame(x).to_pickle(folder / "a.pickle"),
    "pandas describe": lambda x, _: load("pandas").Series(x).describe().tolist(),
    "xarray DataArray": lambda x, _: load("xarray").DataArray(x),
    "xarray Variable": lambda x, _: load("xarray").Variable("b", x),
    "xarray repr": lambda x, _: repr(dataset(x).a.values),
    "xarray to_netcdf": lambda x, folder: dataset(x).to_netcdf(folder / "a.nc", engine="h5netcdf"),
    "xarray to_zarr": lambda x, folder: dataset(x).to_zarr(folder / "a.zarr"),
    "xarray attrs": lambda x, _: repr(load("xarray").Dataset(attrs={"a": x})),
    "dask from_array": lambda x, _: load("dask.array").from_array(x).compute(),
    "dask asarray": lambda x, _: load("dask.array").asarray(x).compute(),
    "dask delayed": lambda x, _: load("dask").delayed(np.asarray)(x).compute(scheduler="sync"),
    "zarr assignment": assign_zarr,
    "zarr save": lambda x, folder: load("zarr").save_array(folder / "b.zarr", x),
    "zarr attributes": lambda x, folder: open_zarr(folder).attrs.put({"a": x.tolist()}),
    "h5py": write_h5,
    "pyarrow array": lambda x, _: load("pyarrow").array(x),
    "pyarrow table": lambda x, _: load("pyarrow").table({"a": x}),
    "pyarrow scalar": lambda x, _: load("pyarrow").scalar(list(x)),
    "pyarrow buffer": lambda x, _: load("pyarrow").py_buffer(x).to_pybytes(),
    "pyarrow csv": lambda x, folder: load("pyarrow.csv").write_csv(load("pyarrow").table({"a": x}), folder / "a.csv"),
    "json": lambda x, _: json.dumps(x, default=list),
    "json by str": lambda x, _: json.dumps(x, default=str),
    "json of a dict": lambda x, _: json.dumps({"a": x}, default=repr),
    "json to a file": lambda x, folder: json.dump([*map(int, x)], (folder / "a.json").open("w")),
    "json key": lambda x, _: json.dumps({str(x): 1}),
    "yaml": lambda x, _: load("yaml").dump(x),
    "yaml safe": lambda x, _: load("yaml").safe_dump(list(map(int, x))),
    "msgpack": lambda x, _: load("msgpack").packb(x, default=str),
    "pydantic": lambda x, _: load("pydantic").TypeAdapter(list[int]).validate_python(x),
    "scipy": lambda x, _: load("scipy.sparse").csr_array(np.asarray(x)[None]).data,
    "scipy savemat": lambda x, folder: load("scipy.io").savemat(folder / "a.mat", {"a": x}),
    "numba": lambda x, _: load("numba").njit(lambda a: a + 0)(x),
    "fsspec": lambda x, folder: load("fsspec").open(str(folder / "a"), "wb").open().write(x),
    **{f"matplotlib {kind}": partial(lambda kind, x, folder: draw(x, folder, kind), kind)
       for kind in ("plot", "scatter", "bar", "hist", "step", "boxplot", "stem")},
    "matplotlib title": lambda x, folder: draw_text(x, folder),
    "a run's table": lambda x, folder: load("citytide.hpc.run.records").write_json(folder / "a.json", {"a": str(x)}),
    "a run's arrays": lambda x, folder: load("citytide.hpc.store.stores").write_arrays(
        folder / "inputs.zarr", {"a": (("b",), x)}, {}
    ) or load("citytide.hpc.store.stores").read_arrays(folder / "inputs.zarr"),
    "a run's progress": lambda x, _: load("citytide.hpc.run.progress").say(f"{x}"),
}  # fmt: skip


def draw_text(x: Any, folder: Path) -> None:
    figure = load("matplotlib.figure").Figure()
    figure.suptitle(x, gid=str(x))
    figure.savefig(folder / "drawn.svg")


LOOKS: dict[str, Way] = {
    "vars": lambda x, _: vars(x),
    "__dict__": lambda x, _: x.__dict__,
    "dir": lambda x, _: [getattr(x, name) for name in dir(x) if not name.startswith("__")],
    "dir with special ones": lambda x, _: dir(x),
    "getmembers": lambda x, _: inspect.getmembers(x),
    "getmembers_static": lambda x, _: inspect.getmembers_static(x),
    "slots": lambda x, _: [getattr(x, name) for name in type(x).__slots__],
    "object.__getattribute__": lambda x, _: [
        object.__getattribute__(x, name) for name in dir(x) if name not in ("__abstractmethods__",)
    ],
    "object.__repr__": lambda x, _: object.__repr__(x),
    "object.__str__": lambda x, _: object.__str__(x),
    "help": lambda x, _: pydoc.render_doc(x),
    "dis": lambda x, _: dis.dis(x),
    "dis of its methods": lambda x, _: dis.dis(type(x)),
    "getsource": lambda x, _: inspect.getsource(type(x)),
    "signature": lambda x, _: str(inspect.signature(type(x))),
    "sizeof": lambda x, _: [sys.getsizeof(x)],
    "weakref": lambda x, _: repr(weakref.ref(x)),
    "weakref proxy": lambda x, _: list(weakref.proxy(x)),
    "fspath": lambda x, _: os.fspath(x),
    "open": lambda x, folder: open(x),
    "Path": lambda x, folder: folder / x,
    "environment": lambda x, _: os.environ.__setitem__("WAY_OUT", x),
    "hash": lambda x, _: hash(x),
    "module's names": lambda x, _: {name: repr(value) for name, value in vars(sys.modules[type(x).__module__]).items()},
    "frames": lambda x, _: inspect.currentframe().f_locals,  # type: ignore[union-attr]
    "class attributes": lambda x, _: {name: repr(value) for name, value in vars(type(x)).items()},
}
