import pytest
from pydantic import ValidationError

from citytide.hpc.plan.pools import DriverJob, Limits, Pool, parse_walltime


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12:00:00", 43_200), ("00:01:00", 60), ("1-00:30:00", 88_200), ("120:00:00", 432_000), ("0-00:00:01", 1)],
)
def test_walltime_is_read_in_seconds(text: str, seconds: int) -> None:
    assert parse_walltime(text) == seconds == Pool(walltime=text).walltime_s


@pytest.mark.parametrize(
    "text",
    ["", "60", "12:00", "1-12", "00:00:00", "01:60:00", "01:00:61", "1-1:1:1", "-1:00:00", "1:00:00\n", "\u0661:00:00"],
)
def test_walltime_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match='write the walltime as "HH:MM:SS" or "D-HH:MM:SS"'):
        Pool(walltime=text)


@pytest.mark.parametrize("field", ["partition", "account", "qos", "gpu_type", "interface"])
@pytest.mark.parametrize("text", ["", " ", "a b", "a;b", "-a", "a\n", "a'b", "$a", "a" * 129])
def test_name_holds_no_blank_no_option_and_no_shell_text(field: str, text: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Pool.model_validate({field: text})


@pytest.mark.parametrize("text", ["/local/scratch", "/local/$USER/x", "$TMPDIR", "${NVME}/x y", "/a/$USER"])
def test_scratch_may_hold_variables_of_the_node(text: str) -> None:
    assert Pool(scratch=text).scratch == text


@pytest.mark.parametrize("text", ["local", "~/x", "/a/$(id)", "/a/`id`$", "/a/${X:-y}", "/a/$1", "$X$", "/a\nb"])
def test_scratch_holds_nothing_else_that_a_shell_expands(text: str) -> None:
    with pytest.raises(ValidationError, match="scratch"):
        assert Pool(scratch=text).scratch != text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("--mem=4G", "--mem has a key of its own: memory"),
        ("--time=1", "--time has a key of its own: walltime"),
        ("--output=x", "--output is set by citytide"),
        ("--job=x", "--job is set by citytide"),
        ("--dependency=singleton", "--dependency is set by citytide"),
        ("-p x", "write an option of sbatch as --name or --name=value"),
        ("--comment='a b'", "without blanks or quotes"),
        ("--comment=a #b", "without blanks or quotes"),
    ],
)
def test_directive_that_would_hide_a_job_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Pool(extra_directives=(text,))


def test_directives_of_a_site_are_kept() -> None:
    kept = ("--exclusive", "--mem-per-cpu=4G", "--gres=nvme:1", "--signal=B:USR1@60", "--reservation=night")
    assert Pool(extra_directives=kept, skip_directives=("--mem", "-n")).extra_directives == kept


def test_nodes_may_be_ranges() -> None:
    assert Pool(exclude=("node7", "rack[1-3]n[01,04]")).exclude[1] == "rack[1-3]n[01,04]"
    with pytest.raises(ValidationError, match="exclude"):
        Pool(exclude=("a b",))


def test_limits_and_holds_are_finite() -> None:
    for wrong in (float("inf"), float("nan"), -1):
        with pytest.raises(ValidationError):
            Pool(idle_hold_s=wrong)
        with pytest.raises(ValidationError):
            Limits(node_hours=wrong)
    assert DriverJob().cores == 1 and DriverJob().memory == 2 * 2**30
