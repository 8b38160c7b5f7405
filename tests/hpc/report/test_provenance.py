from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from runfolder import write_run

from citytide.hpc.report.provenance import write_crate

Entities = dict[str, dict[str, Any]]
WORKFLOW_RUN = "https://w3id.org/ro/wfrun/workflow/0.5"
# Terms a crate of ours may use, with the meaning that the two contexts it names give them; any other term is an error.
SCHEMA_TERMS = """about actionStatus additionalType agent alternateName author contentSize creator datePublished
description encodingFormat endTime error exampleOfWork hasPart identifier instrument license mainEntity mentions name
object operatingSystem programmingLanguage result softwareRequirements softwareVersion startTime unitText url value
variableMeasured version workExample ComputerLanguage CreateAction CreativeWork Dataset Person PropertyValue
SoftwareApplication SoftwareSourceCode""".split()
BIOSCHEMAS = "https://bioschemas.org/ComputationalWorkflow"
CRATE_TERMS = {term: f"http://schema.org/{term}" for term in SCHEMA_TERMS} | {
    "File": "http://schema.org/MediaObject", "conformsTo": "http://purl.org/dc/terms/conformsTo",
    "ComputationalWorkflow": BIOSCHEMAS, "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": f"{BIOSCHEMAS}#input", "output": f"{BIOSCHEMAS}#output",
}  # fmt: skip
RUN_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": CRATE_TERMS,
    "https://w3id.org/ro/terms/workflow-run/context": RUN_TERMS,
}


def read_crate(run: Path) -> Entities:
    graph = json.loads(write_crate(run).read_text(encoding="utf-8"))["@graph"]
    return {entity["@id"]: entity for entity in graph}


def types(entity: dict[str, Any]) -> set[str]:
    kind = entity["@type"]
    return set(kind) if isinstance(kind, list) else {kind}


def links(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item["@id"] for item in values if isinstance(item, dict)]


def test_every_profile_that_is_claimed_is_described(tmp_path: Path) -> None:
    crate = read_crate(write_run(tmp_path))
    claimed = links(crate["./"]["conformsTo"])
    assert WORKFLOW_RUN in claimed and "https://w3id.org/ro/wfrun/process/0.5" in claimed
    assert all(types(crate[profile]) == {"CreativeWork"} for profile in claimed)
    assert "https://w3id.org/ro/crate/1.1" in links(crate["ro-crate-metadata.json"]["conformsTo"])
    assert {"name", "description", "license", "datePublished"} <= set(crate["./"])


def test_the_run_is_an_action_of_the_main_workflow(tmp_path: Path) -> None:
    crate = read_crate(write_run(tmp_path))
    (main,) = links(crate["./"]["mainEntity"])
    assert types(crate[main]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert (tmp_path / main).exists()
    assert types(crate[links(crate[main]["programmingLanguage"])[0]]) == {"ComputerLanguage"}
    (action,) = links(crate["./"]["mentions"])
    run = crate[action]
    assert types(run) == {"CreateAction"} and links(run["instrument"]) == [main]
    assert run["startTime"] == "2026-01-02T03:04:05+00:00" and run["endTime"] == "2026-01-02T03:04:14+00:00"
    assert run["actionStatus"] == "http://schema.org/CompletedActionStatus" and "error" not in run
    assert crate[links(run["agent"])[0]]["name"] == "ada"
    assert "assignment.zarr/" in links(run["result"])


def test_every_parameter_has_a_value_and_every_value_its_parameter(tmp_path: Path) -> None:
    crate = read_crate(write_run(tmp_path))
    parameters = {key: entity for key, entity in crate.items() if "FormalParameter" in types(entity)}
    workflow = crate["run.yaml"]
    assert set(parameters) == {*links(workflow["input"]), *links(workflow["output"])}
    for key, parameter in parameters.items():
        assert parameter["name"] and parameter["additionalType"]
        assert all(key in links(crate[value]["exampleOfWork"]) for value in links(parameter["workExample"]))
    assert crate["#value-gap"]["value"] == 1e-6 and parameters["#setting-gap"]["additionalType"] == "Float"
    assert json.loads(crate["#value-demand_factors"]["value"]) == [0.8, 1.0, 1.2]


def test_run_file_holds_what_was_given_and_no_default(tmp_path: Path) -> None:
    read_crate(write_run(tmp_path))
    written = yaml.safe_load((tmp_path / "run.yaml").read_text(encoding="utf-8"))
    assert written["set"] == {"network": "sioux-falls", "demand_factors": [0.8, 1.0, 1.2]}


def test_inputs_are_named_by_content_and_not_copied(tmp_path: Path) -> None:
    before = {path.name for path in write_run(tmp_path).iterdir()}
    crate = read_crate(tmp_path)
    network = next(entity for entity in crate.values() if entity.get("name") == "SiouxFalls_net.tntp")
    assert network["@id"].startswith("ni:///sha-256;") and network["sha256"] == "ace9" * 16
    assert network["contentSize"] == "3812" and types(network) == {"File"}
    assert network["@id"] in links(crate["#run"]["object"]) and network["@id"] in links(crate["./"]["hasPart"])
    assert {path.name for path in tmp_path.iterdir()} - before == {"ro-crate-metadata.json", "run.yaml"}
    assert (tmp_path / "assignment.zarr" / "zarr.json").read_text() == "{}"


def test_two_names_of_the_same_bytes_are_one_file(tmp_path: Path) -> None:
    twice = [{"name": name, "path": f"/d/{name}", "sha256": "ab" * 32, "bytes": 1} for name in ("a", "b")]
    crate = read_crate(write_run(tmp_path, run={"inputs": twice}))
    (file,) = [entity for key, entity in crate.items() if key.startswith("ni:")]
    assert sorted(links(file["exampleOfWork"])) == ["#input-a", "#input-b"]


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_a_run_that_did_not_end_well_says_why(tmp_path: Path, state: str) -> None:
    ledger = [
        {"kind": "driver", "attempt": 1, "time": 1_767_323_045.0},
        {
            "kind": "failed",
            "attempt": 1,
            "step": "solve",
            "block": 3,
            "error": "no space left",
            "time": 1_767_323_047.0,
        },
        {"kind": "end", "attempt": 1, "state": state, "time": 1_767_323_048.0},
    ]
    run = write_run(tmp_path, ledger=ledger, result={"state": state, "products": {"assignment": "nowhere.zarr"}})
    action = read_crate(run)["#run"]
    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert "no space left" in action["error"] and "nowhere.zarr/" not in links(action.get("result"))


def test_hostile_names_stay_inside_their_values(tmp_path: Path) -> None:
    name = "\"><script>alert('1')</script> 深南大道"
    settings = {"sc/e #nario?": {"value": name, "source": "--set"}}
    crate = read_crate(write_run(tmp_path, run={"name": name, "user": name, "settings": settings}))
    assert name in crate["./"]["name"]
    assert crate["#value-sc%2Fe%20%23nario%3F"]["value"] == name
    assert all("<" not in key and " " not in key for key in crate)


def test_an_empty_folder_still_gets_a_record(tmp_path: Path) -> None:
    crate = read_crate(tmp_path)
    assert crate["#run"]["actionStatus"].endswith("FailedActionStatus") and (tmp_path / "run.yaml").exists()


def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    crate = read_crate(write_run(tmp_path))
    outside = ("https://w3id.org/ro/crate/1.1", "https://yaml.org/")
    for entity in crate.values():
        for key, value in entity.items():
            assert all(link in crate or link in outside for link in links(value)), (entity["@id"], key)


@pytest.mark.filterwarnings("ignore")  # the validator's own libraries warn as they please
@pytest.mark.parametrize("is_broken", [False, True])
def test_the_validator_finds_no_required_rule_broken(tmp_path: Path, is_broken: bool) -> None:
    from rocrate_validator import services
    from rocrate_validator.models import Severity, ValidationSettings

    run = write_run(tmp_path / "run")
    path = write_crate(run)
    if is_broken:
        path.write_text(path.read_text(encoding="utf-8").replace(WORKFLOW_RUN, "https://example.org/other"))
    settings = ValidationSettings(
        rocrate_uri=str(run), profile_identifier="workflow-run-crate-0.5", requirement_severity=Severity.REQUIRED,
        offline=True, cache_path=_cache_contexts(tmp_path / "contexts"), abort_on_first=False,
    )  # fmt: skip
    issues = [f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()]
    assert any("permalink" in issue for issue in issues) if is_broken else not issues, issues


def _cache_contexts(path: Path) -> Path:
    """A cache that holds the contexts' terms under their addresses, so that nothing is fetched."""
    import io

    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter
    from requests_cache import CachedSession
    from urllib3 import HTTPResponse

    class Shelf(HTTPAdapter):
        def send(self, request: PreparedRequest, *args: object, **kwargs: object) -> Response:
            body = io.BytesIO(json.dumps({"@context": CONTEXTS[str(request.url)]}).encode())
            headers = {"Content-Type": "application/ld+json"}
            raw = HTTPResponse(body, headers, 200, preload_content=False, request_url=request.url)
            return self.build_response(request, raw)

    with CachedSession(cache_name=str(path), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", Shelf())
        for address in CONTEXTS:
            assert session.get(address).ok
    return path


def test_a_table_tells_its_format_and_its_columns(tmp_path: Path) -> None:
    columns = [
        {"name": "age", "dtype": "int64", "units": "year", "long_name": "age at the first visit"},
        {"name": "name", "dtype": "string", "units": "1", "long_name": "what it is called"},
    ]
    tables = [{"name": "people", "title": "People", "columns": columns, "format": "parquet"}]
    run = write_run(tmp_path, plan={"tables": tables}, result={"products": {"people": "people.parquet"}})
    (run / "people.parquet").write_bytes(b"PAR1")
    crate = read_crate(run)
    table = crate["people.parquet"]
    assert table["encodingFormat"] == "application/vnd.apache.parquet" and table["description"] == "People"
    age, name = (crate[column] for column in links(table["variableMeasured"]))
    assert types(age) == {"PropertyValue"} and (age["name"], age["unitText"]) == ("age", "year")
    assert age["description"] == "age at the first visit" and name["additionalType"] == "string"
    assert age["@id"] != name["@id"]
