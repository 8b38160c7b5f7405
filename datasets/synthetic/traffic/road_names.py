"""Made-up names of roads: two characters that go together, and what kind of road it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["ALONG_COAST", "ALONG_RIVER", "make_road_names"]

_FIRST = "云明清碧晨锦安和泰嘉瑞凤梅莲荔竹松桂榕枫霞星月岚鹭鹤雁沐澄映望朝听问景怀永康祥丰乐宁静春秋芳兰蕙棠"
_SECOND = "岭湖溪川汀浦洲台园苑桥门景文岗坪塘涌湾屿峰谷泉林田垌埔围井巷里坊亭榭阁舟帆桨渡津岸堤"
_SUFFIX = ("快速路", "大道", "路", "街")  # by rank
ALONG_RIVER = ("沿江西路", "沿江东路")
ALONG_COAST = "沿海大道"


def make_road_names(rank: npt.NDArray[np.int64], uniform: npt.NDArray[np.float64]) -> list[str]:
    """Name streets by their ranks: no two of one rank alike until all pairs of characters are used up.

    Parameters
    ----------
    rank : (street,) array of int
        0 for expressways to 3 for local streets.
    uniform : (street,) array of float
        Numbers in [0, 1) that decide which name goes to which street.

    Examples
    --------
    >>> make_road_names(np.array([0, 1, 2, 3]), np.array([0.3, 0.1, 0.2, 0.4]))
    ['清桥快速路', '云岭大道', '明浦路', '碧坪街']
    """
    place = np.empty(rank.size, dtype=np.int64)
    place[np.argsort(uniform, kind="stable")] = np.arange(rank.size)
    first = place % len(_FIRST)
    second = (first + place // len(_FIRST)) * 5 % len(_SECOND)  # 5 is coprime to their number: no pair comes twice
    return [_FIRST[a] + _SECOND[b] + _SUFFIX[k] for a, b, k in zip(first, second, rank, strict=True)]
