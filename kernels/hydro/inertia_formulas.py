# mypy: allow-untyped-defs, allow-untyped-calls
"""What a step of the local inertial equations computes, for a face or a cell, on any engine.

A face's *behind* is the cell to its west or south. Every number comes as an argument, in the arrays' dtype.
"""

from __future__ import annotations

from ..engines import rule

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
def inertia_divisor(flow, root, swift, one, most):
    """By what a flow's inertia is divided, from 1 up, the greater the faster it is: local partial inertia."""
    cube = root * root * root
    return min(max(swift * (flow * flow) * (cube * cube * cube), one), most)


@rule
def pushed(mix, opened, fall, drive, divisor):
    """Flow over a face a step later, were there no friction; ``fall`` is how much higher the water behind stands."""
    return mix + divisor * (drive * opened * fall)


@rule
def rubbed(push, rough_behind, rough_ahead, root, drag, half, four, divisor):
    """What friction makes of such a flow, of which ``slowed`` takes the root."""
    cube = root * root * root
    return divisor * (four * (drag * (half * (rough_behind + rough_ahead))) * (root * (cube * cube))) * abs(push)


@rule
def slowed(push, rooted, one, two):
    """The flow for which friction at the end of the step holds: with that of its start, rough films would swing."""
    return two * push / (one + rooted)


@rule
def bounded(flow, behind, ahead, share, most):
    """The flow that is no faster than ``most``, and leaves no cell more than empty: a quarter through each face."""
    return min(max(flow, -min(ahead * share, most)), min(behind * share, most))


@rule
def moved(depth, west, east, south, north, ratio):
    """Depth after the flows over its four faces; written so that mirrored and turned runs have the same bits."""
    return depth + ratio * ((west - east) + (south - north))
