"""Every streaming kernel has its case, and what has none is said."""

from __future__ import annotations

from citytide.benchmarks.gpu.cases.listing import PARTS, find_uncovered

CASES = [case for _, _, cases in PARTS for case in cases]
STREAMING = {
    "hydro.advance_inertia", "hydro.advance_shallow_water", "hydro.extrapolate_rain", "space.regrid",
    "traffic.advance_density",
}  # fmt: skip


def test_streaming_kernels_are_measured_in_both_widths_with_the_bytes_that_a_pass_moves() -> None:
    covered = {case.kernel: case for case in CASES if case.engine == "cuda" and case.limit == "memory"}
    assert set(covered) == STREAMING
    assert all(case.dtypes == ("f4", "f8") for case in covered.values())
    assert covered["hydro.advance_inertia"].members == (1, 8)


def test_labels_tell_all_cases_apart_and_each_has_a_bound_for_each_dtype() -> None:
    labels = [case.label for case in CASES]
    assert len(set(labels)) == len(labels)
    assert all(set(case.dtypes) <= set(case.bound) and max(case.bound.values()) <= 1e-3 for case in CASES)
    assert all(tiny < small < large for tiny, small, large in (case.sizes for case in CASES))


def test_parts_end_one_after_the_other_and_the_last_with_the_day() -> None:
    ends = [until for _, until, _ in PARTS]
    assert ends == sorted(ends) and ends[-1] == 1.0 and ends[0] > 0.25


def test_what_is_declared_for_a_gpu_without_a_case_is_named() -> None:
    uncovered = find_uncovered()
    assert not [name for name in uncovered if name.endswith("(cuda)")]
    assert all(name.endswith("(cupy)") for name in uncovered)
