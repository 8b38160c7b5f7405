"""Synthetic terrain, storms and gauges, with analytic solutions."""
