"""Files with damaged bytes give records or one plain sentence, and nothing else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omop_folders import read_all, write_omop

from citytide.datasets.errors import InputError
from citytide.datasets.medical.opening import open_records

EVENTS = "who,day,icd,fee,n\n007,2005-05-07,I10,12.30,\n7,2005/05/08,A10,,30\n"
MAPPING = {"person": "who", "date": "day", "code": "icd", "cost": {"column": "fee", "unit": "CNY"}, "days": "n"}
PIECES = st.one_of(
    st.binary(max_size=3),
    st.sampled_from([b'"', b"\n", b"\r", b",", b"\0", "高".encode(), "高".encode("gb18030"), b"-1", b"nan", b"1e99"]),
)


@given(
    table=st.sampled_from(["PERSON", "OBSERVATION_PERIOD", "DRUG_EXPOSURE", "CDM_SOURCE", "CONCEPT", "events"]),
    place=st.floats(0, 1),
    n_replaced=st.integers(0, 4),
    piece=PIECES,
    encoding=st.sampled_from(["UTF-8", "GB18030"]),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_give_records_or_a_sentence(
    tmp_path: Path, table: str, place: float, n_replaced: int, piece: bytes, encoding: str
) -> None:
    folder = tmp_path / "events" if table == "events" else write_omop(tmp_path / "cdm")
    folder.mkdir(exist_ok=True)
    file = folder / f"{table}.csv"
    raw = EVENTS.encode() if table == "events" else file.read_bytes()
    at = int(place * len(raw))
    file.write_bytes(raw[:at] + piece + raw[at + n_replaced :])
    try:
        source = open_records(folder, {**MAPPING, "encoding": encoding} if table == "events" else None)
        read_all(source)
        dict(source.names)
    except InputError as error:
        assert "\n" not in str(error) and "; " in str(error)
