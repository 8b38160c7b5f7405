# mypy: allow-untyped-defs, allow-untyped-calls
"""What a step of the local inertial equations computes, for a face or a cell, on any engine.

A face's *behind* is the cell to its west or south. Every number comes as an argument, in the arrays' dtype.
"""

from __future__ import annotations

from ...engines import fused_rule, rule

__all__ = ["bounded", "driven", "mixed", "moved", "opening", "pushed", "rubbed", "slowed"]


@rule
def opening(behind, ahead, ground_behind, ground_ahead):
    """Depth of the water that can move over a face, from the depths and grounds beside it."""
    return max(ground_behind + behind, ground_ahead + ahead) - max(ground_behind, ground_ahead)


@fused_rule
def mixed(flow, behind, ahead, two, rest):
    """A face's own flow and those of its two neighbours, weighted by ``1 - 2 rest``, ``rest`` and ``rest``."""
    return flow + rest * ((behind + ahead) - two * flow)


@rule
def driven(flow, root, fast, slow, most):
    """What drives a flow, g dt / dx over its share of inertia: ``slow`` to Fr 0.5, then ``slow`` times 4 Fr^2."""
    cube = root * root * root
    return min(max((fast * flow) * (flow * cube) * (cube * cube), slow), most)


@fused_rule
def pushed(mix, opened, fall, drive):
    """Flow over a face a step later, were there no friction; ``fall`` is how much higher the water behind stands."""
    return mix + drive * (opened * fall)


@fused_rule
def rubbed(push, rough_behind, rough_ahead, root, half_cell, drive, quarter):
    """What stands under the root of the quadratic that ``slowed`` solves, a quarter if nothing rubs."""
    cube = root * root * root
    return quarter + (drive * (half_cell * (rough_behind + rough_ahead))) * (root * (cube * cube)) * abs(push)


@rule
def slowed(push, rooted, half):
    """The flow with friction at the end of the step; friction at its start makes thin rough flow oscillate."""
    return push / (half + rooted)


@rule
def bounded(flow, behind, ahead, share, most):
    """The flow, at most ``most`` and at most a quarter of the cell's water, so that no depth becomes negative."""
    return min(max(flow, -min(ahead * share, most)), min(behind * share, most))


@rule
def moved(depth, west, east, south, north, ratio):
    """Depth after the flows over its four faces; written so that mirrored and turned runs have the same bits."""
    return depth + ratio * ((west - east) + (south - north))
