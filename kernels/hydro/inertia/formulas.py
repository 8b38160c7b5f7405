# mypy: allow-untyped-defs, allow-untyped-calls
"""What a step of the local inertial equations computes, for a face or a cell, on any engine.

A face's *behind* is the cell to its west or south. Every number comes as an argument, in the arrays' dtype.
"""

from __future__ import annotations

from ...engines import rule

__all__ = ["bounded", "inertia_divisor", "mixed", "moved", "opening", "pushed", "rubbed", "slowed"]


@rule
def opening(behind, ahead, ground_behind, ground_ahead):
    """Depth of the water that can move over a face, from the depths and grounds beside it."""
    return max(ground_behind + behind, ground_ahead + ahead) - max(ground_behind, ground_ahead)


@rule
def mixed(flow, behind, ahead, theta, rest):
    """A face's own flow and those of its two neighbours, weighted."""
    return theta * flow + rest * (behind + ahead)


@rule
def inertia_divisor(flow, root, scale, one, most):
    """What the inertia of a flow is divided by (local partial inertia): 1 for slow flow, 4 Fr^2 for fast flow."""
    cube = root * root * root
    return min(max(scale * (flow * flow) * (cube * cube * cube), one), most)


@rule
def pushed(mix, opened, fall, drive, divisor):
    """Flow over a face a step later, were there no friction; ``fall`` is how much higher the water behind stands."""
    return mix + divisor * (drive * opened * fall)


@rule
def rubbed(push, rough_behind, rough_ahead, root, drag, half, four, divisor):
    """The friction term of the quadratic that ``slowed`` solves."""
    cube = root * root * root
    return divisor * (four * (drag * (half * (rough_behind + rough_ahead))) * (root * (cube * cube))) * abs(push)


@rule
def slowed(push, rooted, one, two):
    """The flow with friction at the end of the step; friction at its start makes thin rough flow oscillate."""
    return two * push / (one + rooted)


@rule
def bounded(flow, behind, ahead, share, most):
    """The flow, at most ``most`` and at most a quarter of the cell's water, so that no depth becomes negative."""
    return min(max(flow, -min(ahead * share, most)), min(behind * share, most))


@rule
def moved(depth, west, east, south, north, ratio):
    """Depth after the flows over its four faces; written so that mirrored and turned runs have the same bits."""
    return depth + ratio * ((west - east) + (south - north))
