"""The provenance of a run as a Workflow Run RO-Crate.

The run folder itself becomes the crate: its metadata file says what ran, by whom, on what and with which result, in the
terms of RO-Crate 1.1 and the profiles Process Run Crate, Workflow Run Crate 0.5 and Workflow RO-Crate 1.0. Inputs are
not copied: a file is named by its content, as a ``ni:`` URI of its SHA-256 (RFC 6920), which holds on any machine, and
its path is told beside it. The main workflow is ``run.yaml``, which `citytide run` takes again.

References
----------
Leo et al. (2024), Recording provenance of workflow runs with RO-Crate, PLOS ONE 19(9): e0309210.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..identity.changes import describe_accepted
from ..store.devices_used import name_devices
from .crate_entities import (
    FORMATS,
    add_entity,
    add_file,
    add_license,
    add_parameter,
    as_mapping,
    name_by_content,
    name_data_type,
    name_format,
    read_value,
    realize,
)
from .inspection import Inspection, inspect_run
from .run_file import RUN_FILE, write_run_file

__all__ = ["name_sources", "write_crate"]

METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_RUN_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
# What the driver leaves beside the products, and what each is.
_TRACES = {
    "run.json": "Run record: settings and their sources, inputs, versions, machine",
    "plan.json": "Plan: steps, blocks, bytes and memory as declared before the run",
    "ledger.jsonl": "Ledger: one line per finished block, attempt and failure",
    "sources.json": "Sources: the SHA-256 of every file that steps read where it lies",
    "result.json": "Result: state, products, summary, warnings",
}


def write_crate(run: Path) -> Path:
    """Write ``ro-crate-metadata.json`` (and ``run.yaml``, where it is missing) into a run folder.

    Written from what the folder holds, so also for a run that failed; write it after the report, so that the report is
    part of the crate.

    Parameters
    ----------
    run
        Run folder.

    Returns
    -------
    Path
        The metadata file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph = json.loads(write_crate(Path(folder)).read_text())["@graph"]
    >>> next(entity["actionStatus"] for entity in graph if entity["@type"] == "CreateAction")
    'http://schema.org/FailedActionStatus'
    """
    inspection = inspect_run(run)
    write_run_file(inspection)
    crate = _describe(inspection)
    crate.metadata.extra_contexts.append(_RUN_TERMS)
    content = crate.metadata.generate()
    content["@graph"] = [_compact(entity) for entity in content["@graph"]]
    path = run / METADATA
    partial = path.with_name(f"{METADATA}.partial")
    partial.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=False) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def _compact(entity: Mapping[str, Any]) -> dict[str, Any]:
    """A list of one is written as that one, as RO-Crate 1.1 recommends; an empty one not at all."""
    return {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in entity.items()
        if value != []
    }


def _describe(inspection: Inspection) -> Any:
    from rocrate.rocrate import ROCrate

    record = inspection.run
    name = str(record.get("name") or record.get("id") or inspection.folder.name)
    workflow_name = str(record.get("workflow") or "workflow")
    crate = ROCrate(version="1.1")
    root = crate.root_dataset
    agent = add_entity(crate, "#" + quote(f"user-{record.get('user') or 'unknown'}"), "Person",
                    name=str(record.get("user") or "unknown"))  # fmt: skip
    for profile, (title, version) in PROFILES.items():
        root.append_to("conformsTo", add_entity(crate, profile, "CreativeWork", name=title, version=version))
    moment = inspection.ended or inspection.started or datetime.now(UTC)
    root["name"] = f"{workflow_name}: {name}"
    root["description"] = f"Run {record.get('id', inspection.folder.name)} of citytide's workflow {workflow_name}."
    root["datePublished"] = moment.isoformat(timespec="seconds")
    root["license"] = add_license(crate, record.get("license"))
    root["author"] = agent

    workflow = _workflow(crate, inspection, workflow_name)
    root["mainEntity"] = workflow
    objects = _settings(crate, workflow, record) + _inputs(crate, workflow, record)
    read, earlier = _upstream(crate, workflow, record)
    objects += [product for product in read if product not in objects]
    results = _products(crate, workflow, inspection)
    report = inspection.folder / "report.html"
    if report.exists():
        results.append(add_file(crate, inspection.folder, report, "Report", is_stable=False))
    for path, note in inspection.figures + inspection.tables:
        results.append(add_file(crate, inspection.folder, path, str(note.get("title") or path.stem)))

    action = add_entity(
        crate, "#run", "CreateAction", name=f"Run of {workflow_name}: {name}", instrument=workflow, object=objects,
        result=results, agent=agent, **_course(inspection),
    )  # fmt: skip
    root["mentions"] = [action, *earlier]
    further = {path.name: "Plan that followed" for path in sorted(inspection.folder.glob("plan-*.json"))}
    for file, meaning in (_TRACES | further).items():
        if (inspection.folder / file).exists():
            trace = add_file(crate, inspection.folder, inspection.folder / file, meaning, is_stable=False)
            trace["about"] = action
    return crate


def _course(inspection: Inspection) -> dict[str, Any]:
    """When it ran, where, and how it ended."""
    record = inspection.run
    command = " ".join(str(word) for word in record.get("command") or ())
    place = f" on {record['host']}" if record.get("host") else ""
    is_done = inspection.state == "done"
    accepted = describe_accepted(entry for entry in record.get("accepted") or () if isinstance(entry, Mapping))
    used = name_devices(line for line in inspection.ledger if line.get("kind") == "block" and line.get("counts"))
    engines = [f"Step {step} was computed by {' and '.join(names)}." for step, names in used.items()]
    course: dict[str, Any] = {
        "description": " ".join([f"{command or 'citytide'}{place}; state: {inspection.state}.", *engines, *accepted]),
        "actionStatus": f"http://schema.org/{'Completed' if is_done else 'Failed'}ActionStatus",
    }
    for key, moment in (("startTime", inspection.started), ("endTime", inspection.ended)):
        if moment:
            course[key] = moment.isoformat(timespec="seconds")
    if not is_done:
        course["error"] = inspection.error or f"The run is {inspection.state}."
    return course


def _workflow(crate: Any, inspection: Inspection, name: str) -> Any:
    from rocrate.model.computerlanguage import ComputerLanguage

    record = inspection.run
    version = str(record.get("version") or "unknown")
    language = ComputerLanguage(crate, "#run-file", {
        "name": "citytide run file", "alternateName": "YAML", "version": version, "url": {"@id": "https://yaml.org/"},
    })  # fmt: skip
    crate.add(language)
    workflow = crate.add_workflow(RUN_FILE, RUN_FILE, main=True, lang=language, properties={
        "name": name, "version": version, "encodingFormat": FORMATS[".yaml"], "conformsTo": {"@id": _BIOSCHEMAS},
        "description": f"The settings of citytide's workflow {name}, as `citytide run` takes them.", "input": [],
        "output": [],
    })  # fmt: skip
    add_entity(crate, _BIOSCHEMAS, "CreativeWork", name="Bioschemas ComputationalWorkflow", version="1.0-RELEASE")
    needs = [_software(crate, str(key), str(value)) for key, value in as_mapping(record.get("packages")).items()]
    if record.get("python"):
        needs.append(add_entity(crate, "#python", "SoftwareApplication", name="Python", url="https://www.python.org/",
                             softwareVersion=str(record["python"])))  # fmt: skip
    product = add_entity(crate, "#citytide", "SoftwareApplication", name="citytide", softwareVersion=version,
                      softwareRequirements=needs)  # fmt: skip
    if record.get("platform"):
        product["operatingSystem"] = str(record["platform"])
    workflow["softwareRequirements"] = product
    workflow["creator"] = crate.get("#" + quote(f"user-{record.get('user') or 'unknown'}"))
    return workflow


def _software(crate: Any, name: str, version: str) -> Any:
    page = f"https://pypi.org/project/{quote(name)}/{quote(version)}/"
    return add_entity(crate, page, "SoftwareApplication", name=name, softwareVersion=version, url=page)


def _settings(crate: Any, workflow: Any, record: Mapping[str, Any]) -> list[Any]:
    """One parameter and one value per setting and seed."""
    values = {str(key): read_value(entry) for key, entry in as_mapping(record.get("settings")).items()}
    values |= {f"seed of {key}": value for key, value in as_mapping(record.get("seeds")).items()}
    found = []
    for key, value in values.items():
        slot = quote(key, safe="")
        parameter = add_parameter(crate, workflow, "input", f"#setting-{slot}", key, name_data_type(value))
        held = value if isinstance(value, bool | int | float | str) else json.dumps(value, ensure_ascii=False)
        found.append(realize(crate, parameter, add_entity(
            crate, f"#value-{slot}", "PropertyValue", name=key, value=str(held) if isinstance(held, bool) else held,
        )))  # fmt: skip
    return found


def name_sources(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sources of a run record in the form of its inputs."""
    return [{"name": name, **as_mapping(told)} for name, told in as_mapping(record.get("sources")).items()]


def _inputs(crate: Any, workflow: Any, record: Mapping[str, Any]) -> list[Any]:
    """Files read, named by their content; two names of the same bytes are one entity."""
    found: dict[str, Any] = {}
    for place, entry in enumerate([*(record.get("inputs") or ()), *name_sources(record)]):
        held = as_mapping(entry)
        name, path = str(held.get("name") or f"input {place}"), str(held.get("path") or "")
        parameter = add_parameter(crate, workflow, "input", f"#input-{quote(name, safe='')}", name, "File")
        digest = str(held.get("sha256") or "")
        identity = name_by_content(digest) or f"urn:x-citytide:input:{quote(name, safe='')}"
        if identity not in found:
            found[identity] = crate.add_file(identity, properties={
                "name": Path(path).name or name, "alternateName": path, "sha256": digest,
                "contentSize": str(held.get("bytes", "")), "encodingFormat": name_format(Path(path)),
                "description": f"Read by the run as {name!r}; not part of this folder.",
            })  # fmt: skip
        realize(crate, parameter, found[identity])
    return list(found.values())


def _upstream(crate: Any, workflow: Any, record: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Products of other runs that were read, named by their content, and the runs that made them as actions."""
    read: dict[str, Any] = {}
    actions: dict[str, Any] = {}
    for entry in record.get("upstream") or ():
        held = {key: str(value) for key, value in as_mapping(entry).items()}
        name, run, path = f"{held['setting']} from a run", held["run"], Path(held["path"])
        identity = name_by_content(held["sha256"]) or f"urn:x-citytide:product:{quote(run)}/{quote(held['product'])}"
        product = read.get(identity) or crate.get(identity)
        if product is None:
            product = crate.add_file(identity, properties={
                "name": path.name, "alternateName": str(path), "sha256": held["sha256"],
                "encodingFormat": "application/vnd.zarr" if path.suffix == ".zarr" else name_format(path),
                "description": f"Product {held['product']!r} of run {run}; not part of this folder.",
            })  # fmt: skip
        read[identity] = product
        slot = quote(f"upstream-{held['setting']}", safe="")
        realize(crate, add_parameter(crate, workflow, "input", f"#input-{slot}", name, "File"), product)
        if run not in actions:
            slot = quote(f"{held['workflow']}-{held['version']}", safe="")
            tool = add_entity(crate, f"#{slot}", "SoftwareApplication", name=f"citytide {held['workflow']}",
                           softwareVersion=held["version"])  # fmt: skip
            actions[run] = add_entity(
                crate, f"#run-{quote(run)}", "CreateAction", name=f"Run {run} of {held['workflow']}", identifier=run,
                description=f"It wrote what this run read; its folder was {held['run_path']}.", instrument=tool,
                result=[], actionStatus="http://schema.org/CompletedActionStatus",
            )  # fmt: skip
        actions[run].append_to("result", product)
    return list(read.values()), list(actions.values())


def _products(crate: Any, workflow: Any, inspection: Inspection) -> list[Any]:
    found = []
    folder = inspection.folder.resolve()
    marked = _list_person_level(inspection.plan)
    for name, given in as_mapping(inspection.result.get("products")).items():
        path = folder / str(given)
        if not path.exists() or not path.is_relative_to(folder):
            continue
        place = path.relative_to(folder).as_posix()
        kind = "Dataset" if path.is_dir() else "File"
        parameter = add_parameter(crate, workflow, "output", f"#output-{quote(str(name), safe='')}", str(name), kind)
        properties = {"name": str(name), "description": f"Product {name!r} of the run."}
        if str(name) in marked:
            properties["description"] += (
                f" It tells of single persons: do not pass it on. It holds {marked[str(name)]}."
            )
        if kind == "Dataset":
            properties["encodingFormat"] = "application/vnd.zarr"
            found.append(realize(crate, parameter, crate.add_dataset(path, place, properties=properties)))
        else:
            found.append(realize(crate, parameter, add_file(crate, folder, path, str(name))))
            if table := next((t for t in inspection.tables_planned if t.get("name") == name), None):
                found[-1]["description"] = str(table.get("title", ""))
                found[-1]["variableMeasured"] = _columns(crate, str(name), table)
    return found


def _columns(crate: Any, name: str, table: Mapping[str, Any]) -> list[Any]:
    """What each column of a table holds."""
    columns = table.get("columns")
    return [
        add_entity(
            crate, f"#column-{quote(name, safe='')}-{quote(str(column.get('name')), safe='')}", "PropertyValue",
            name=str(column.get("name")), description=str(column.get("long_name", "")),
            unitText=str(column.get("units", "")), additionalType=str(column.get("dtype", "")),
        )
        for column in (columns if isinstance(columns, list) else [])
        if isinstance(column, Mapping)
    ]  # fmt: skip


def _list_person_level(plan: Mapping[str, Any]) -> dict[str, str]:
    """Products at person level, by name: their variables with dims and shapes, and no values."""
    return {
        str(product["name"]): ", ".join(
            f"{v['name']} ({', '.join(f'{dim}: {n}' for dim, n in zip(v['dims'], v['shape'], strict=False))})"
            for v in product.get("variables", ())
        )
        for product in plan.get("products", ())
        if product.get("person_level")
    }
