"""The command line: assembles the rooms' commands and turns what they raise into one sentence and an exit code."""

from __future__ import annotations

import sys

try:
    import click

    from .datasets.catalogue.commands import data
    from .hpc.commands.audit import audit
    from .hpc.commands.runs import attach, bundle, cancel, logs, status
    from .hpc.commands.sandbox import sandbox
    from .hpc.commands.site import doctor, profile, report
    from .hpc.commands.slurm import check_profile, detect_profile
    from .kernels.commands import kernels
    from .workflows.city.commands import city
    from .workflows.commands import drive, plan, resume, run, submit
    from .workflows.comparison.commands import compare
    from .workflows.verify_command import verify
except ModuleNotFoundError as missing:
    if str(missing.name).startswith("citytide"):
        raise
    sys.exit(f"citytide: this needs {missing.name}, which is not installed: pip install 'citytide[run]'")

__all__ = ["cli", "main"]

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="citytide", prog_name="citytide")
def cli() -> None:
    """Mine a city's traffic, water and medical data, on a laptop or a supercomputer.

    \b
    Start here:
      citytide run traffic-assignment      an embedded city, in seconds
      citytide city build --synthetic --out city.zarr    one city under all domains
      citytide data list                   networks and data sets by name
      citytide doctor                      is this machine ready?
      citytide profile detect              a profile of this cluster, for `submit` and `run`
    """


for command in (run, plan, submit, resume, drive, status, attach, logs, cancel, report, compare, bundle, audit, city,
                profile, sandbox, data, kernels, doctor):  # fmt: skip
    cli.add_command(command)
data.add_command(verify)
profile.add_command(check_profile)
profile.add_command(detect_profile)


def main() -> None:
    """Run the command line; what a person did wrong is one sentence, never a traceback."""
    try:
        cli()
    except ModuleNotFoundError as error:
        if str(error.name).startswith("citytide"):
            raise
        sys.exit(f"citytide: this needs {error.name}, which is not installed: pip install 'citytide[run]'")
    except OSError as error:
        if error.errno is None:
            raise
        print(f"citytide: {error.filename or 'the file system'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        expected = _expected()
        if not isinstance(error, expected):
            raise
        print(f"citytide: {error}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", 2))


def _expected() -> tuple[type[Exception], ...]:
    """The errors that are messages to a person; imported only once one was raised."""
    from .datasets.errors import InputError
    from .hpc.errors import RunError

    return InputError, RunError


if __name__ == "__main__":
    main()
