from known_sites import GIB, made_profile

from citytide.hpc.slurm.site.findings import Finding, list_job_requests, show_bytes, show_time


def test_every_pool_and_the_driver_ask_for_a_job() -> None:
    pools = {
        "cpu": {"memory": "1GB", "walltime": "01:00:00"},
        "gpu": {"gpus": 2, "memory": "2GiB", "walltime": "02:00:00"},
    }
    cpu, gpu, driver = list_job_requests(made_profile(pools=pools))
    assert [one.where for one in (cpu, gpu, driver)] == ["pools.cpu", "pools.gpu", "driver"]
    assert cpu.memory == 954 * 1024**2, "sbatch is told whole MiB, rounded up"
    assert (gpu.cores, gpu.gpus, gpu.memory) == (2, 2, 2 * GIB)
    assert driver.is_driver and driver.request.walltime == "02:00:00", "as long as the longest pool"


def test_allocation_is_one_job() -> None:
    (only,) = list_job_requests(made_profile({"nodes": 3}, backend="slurm-allocation"))
    assert only.nodes == 3 and not only.is_driver


def test_memory_left_away_is_not_asked_for() -> None:
    assert next(list_job_requests(made_profile({"skip_directives": ["--mem"]}))).memory is None


def test_finding_reads_as_a_sentence_with_its_way_out() -> None:
    assert str(Finding("error", "pools.cpu.cores", "too many", "ask for 4")) == "pools.cpu.cores: too many; ask for 4"
    assert (show_bytes(3 * GIB), show_bytes(900 * 1024**2)) == ("3 GiB", "900 MiB")
    assert (show_time(86400), show_time(90)) == ("1-00:00:00", "00:01:30")
