# mypy: allow-untyped-defs, allow-untyped-calls
"""What a step of the local inertial equations computes, for a face or a cell, on any engine.

A face's *behind* is the cell to its west or south. Every number comes as an argument, in the arrays' dtype.
"""

from __future__ import annotations

from ..engines import rule

__all__ = ["bounded", "mixed", "moved", "opening", "pushed", "rubbed"]


@rule
def opening(behind, ahead, ground_behind, ground_ahead):
    """Depth of the water that can move over a face, from the depths and grounds beside it."""
    return max(ground_behind + behind, ground_ahead + ahead) - max(ground_behind, ground_ahead)


@rule
def mixed(flow, behind, ahead, theta, rest):
    """A face's own flow and those of its two neighbours, weighted."""
    return theta * flow + rest * (behind + ahead)


@rule
def rubbed(flow, rough_behind, rough_ahead, drag, half):
    """What friction makes of a flow, but for the depth."""
    return drag * (half * (rough_behind + rough_ahead)) * abs(flow)


@rule
def pushed(mix, rub, opened, fall, root, drive, one):
    """Flow over a face a step later; ``fall`` is how much higher the water behind stands."""
    cube = root * root * root
    return (mix + drive * opened * fall) / (one + rub * (root * (cube * cube)))


@rule
def bounded(flow, behind, ahead, share, most):
    """The flow that is no faster than ``most``, and leaves no cell more than empty: a quarter through each face."""
    return min(max(flow, -min(ahead * share, most)), min(behind * share, most))


@rule
def moved(depth, west, east, south, north, ratio):
    """Depth after the flows over its four faces; written so that mirrored and turned runs have the same bits."""
    return depth + ratio * ((west - east) + (south - north))
