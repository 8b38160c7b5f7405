"""Data sets of the catalogue: one entry per name, with public source, terms, size and sha256 of each file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

__all__ = ["DATASETS", "Dataset", "File"]


@dataclass(frozen=True)
class File:
    """One file: its place under the data folder, its fingerprint, and where the public keeps it."""

    path: str
    sha256: str
    bytes: int
    url: str | None = None
    option: str = ""  # the reader's parameter that takes this file; empty: see Dataset.reader


@dataclass(frozen=True)
class Dataset:
    """One name: what it is, whose it is, which files it needs, and who reads them.

    Examples
    --------
    >>> file = File("medical/visits.csv", "0" * 64, 12)
    >>> visits = Dataset("visits", "Visits of a year", "ours", "ours alone", (file,), kind="visits",
    ...                  reader="our_package.visits:read_visits")
    """

    name: str
    title: str
    repository: str
    terms: str
    files: tuple[File, ...]
    kind: str = "files"  # what the reader returns: "network" is an Instance; "files": nobody reads them but the user
    reader: str = ""  # "package.module:function": takes the first file, those with an option by it, others lie beside
    toll_weight: float = 0.0
    distance_weight: float = 0.0
    units: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


_RAW = "https://raw.githubusercontent.com/"
_TNTP = "bstabler/TransportationNetworks"
_BIG = "ni1o1/transbigdata"
_TUTORIAL = "ni1o1/pygeo-tutorial"
_READ_TNTP = "citytide.datasets.traffic.tntp.tntp:read_tntp"
_READ_RECORDS = "citytide.datasets.medical.opening:open_records"
_TERMS_TNTP = "academic research; cite the repository and the instance's author"


def _tntp(path: str, sha256: str, size: int) -> File:
    return File(f"traffic/tntp/{path}", sha256, size, f"{_RAW}{_TNTP}/master/{path}")


_ROADS = File(
    "traffic/futian/roads.graphml",
    "8a71adc944ae12c0d664f1f5d5fd501cd700061065c80ca0dfa7c0ab3699b658",
    1657967,
    f"{_RAW}{_BIG}/c96bc63822b12de26344a0e8034b29da1af91dfa/src/transbigdata/tests/data/G.graphml",
)
_RIDES = File(
    "traffic/shenzhen/taxi_rides.csv",
    "110b60f47b93d5ee7d3db9d375ef948f6e75b83fcd19886dbc1fa84a040ea44e",
    2047155,
    f"{_RAW}{_TUTORIAL}/6c8ded00a8ad936447986174af489e65d38a57b3/data-sample/taxi-price.csv",
)

_ALL = (
    Dataset(
        name="sioux-falls",
        title="Sioux Falls: 24 zones, 76 links; the classroom instance of traffic assignment",
        repository=_TNTP,
        terms=_TERMS_TNTP,
        kind="network",
        reader=_READ_TNTP,
        units={"time": "0.01 h", "length": "0.01 h", "flow": "0.1 d-1"},
        notes=(
            "Sioux Falls is a test problem, not a model of the town: times are in hundredths of an hour, "
            "lengths repeat them, demand is a tenth of a day's.",
        ),
        files=(
            _tntp(
                "SiouxFalls/SiouxFalls_net.tntp",
                "ace99b24cec69c273ff0cf3d6d074110177f0cc0ae24b0c7a9f4f4cb5e27635c",
                3136,
            ),
            _tntp(
                "SiouxFalls/SiouxFalls_trips.tntp",
                "56f9566857f3f66730fd5c4232258d7ee3ac2931a476526331afd062f4958de7",
                10859,
            ),
            _tntp(
                "SiouxFalls/SiouxFalls_node.tntp",
                "91c0b954dcfc6f6f08f48de1ce9d245261f5188a33aef76acf3ce1fff0809969",
                719,
            ),
        ),
    ),
    Dataset(
        name="anaheim",
        title="Anaheim, California: 38 zones, 914 links; zones that no path may pass through",
        repository=_TNTP,
        terms=_TERMS_TNTP,
        kind="network",
        reader=_READ_TNTP,
        units={"time": "min", "length": "ft", "flow": "veh h-1"},
        files=(
            _tntp(
                "Anaheim/Anaheim_net.tntp",
                "99933b415e9500b13907829c37a43cfa9141714fad5af279081e28e5f9356f9a",
                41043,
            ),
            _tntp(
                "Anaheim/Anaheim_trips.tntp",
                "906893854cd0db4479c0b5f07678ce5616fa8e42e2b997f918c378309c66a94e",
                27533,
            ),
        ),
    ),
    Dataset(
        name="chicago-sketch",
        title="Chicago region, sketch network: 387 zones, 2,950 links",
        repository=_TNTP,
        terms=_TERMS_TNTP,
        kind="network",
        reader=_READ_TNTP,
        toll_weight=0.02,
        distance_weight=0.04,
        units={"time": "min", "length": "mile", "flow": "veh h-1"},
        notes=(
            "This name brings toll_weight 0.02 min per cent and distance_weight 0.04 min per mile: "
            "the published optimum of Chicago Sketch is stated for this generalised cost.",
        ),
        files=(
            _tntp(
                "Chicago-Sketch/ChicagoSketch_net.tntp",
                "4396bff6101cb5ad3edaf0eb5b9aec051055cb7f0d85be907d24b43f98bf0027",
                121396,
            ),
            _tntp(
                "Chicago-Sketch/ChicagoSketch_trips.tntp",
                "efe68abffc4af09e344cf1e175cfc048c08f4cd8f1f5454f74371b40e8245edc",
                3036341,
            ),
            _tntp(
                "Chicago-Sketch/ChicagoSketch_node.tntp",
                "21e7f3a0f033ad731ba9e7424607fcddea105c0fb3571410307839d3972393f1",
                19496,
            ),
        ),
    ),
    Dataset(
        name="braess",
        title="Braess's paradox: 2 zones, 5 links, equilibrium flows 4, 2, 2, 2, 4",
        repository=_TNTP,
        terms=_TERMS_TNTP,
        kind="network",
        reader=_READ_TNTP,
        files=(
            _tntp(
                "Braess-Example/Braess_net.tntp",
                "4cec6e3cd603604347c4ed3deb0de815e62241147d40932e0e962fbd26d83d01",
                465,
            ),
            _tntp(
                "Braess-Example/Braess_trips.tntp",
                "4723c01fa0ffbef3d427ba16519cabe74ece85fca67f2aa3e70446053f625423",
                108,
            ),
        ),
    ),
    Dataset(
        name="futian",
        title="Futian, Shenzhen: car roads of OpenStreetMap with a demand shaped by real taxi rides",
        repository=f"{_BIG}, {_TUTORIAL}",
        terms="roads: ODbL, (c) OpenStreetMap contributors; rides: MIT",
        kind="network",
        reader="citytide.datasets.traffic.osm.graphml:read_graphml",
        files=(_ROADS, replace(_RIDES, option="demand")),
    ),
    Dataset(
        name="shenzhen-taxi-rides",
        title="10,619 taxi rides of one day in Shenzhen, with pick-up and drop-off",
        repository=_TUTORIAL,
        terms="MIT",
        files=(_RIDES,),
    ),
    Dataset(
        name="shenzhen-districts",
        title="Districts of Shenzhen as polygons, with Chinese names",
        repository=_BIG,
        terms="BSD-3-Clause",
        files=(
            File(
                "traffic/shenzhen/districts.geojson",
                "7765563243cfbf8e8318d1860a6723cef1c19681e46a74b067976f91f94549b0",
                508575,
            ),
        ),
    ),
    Dataset(
        name="futian-taxi-trace",
        title="One real taxi trace on the roads of Futian",
        repository=_BIG,
        terms="BSD-3-Clause",
        files=(
            File(
                "traffic/futian/taxi_trace.csv",
                "11a197a762a17a72f26aa2620ee68507cb98e9e7b33cb808dc376faf9ae809c0",
                747,
            ),
        ),
    ),
    Dataset(
        name="pneuma",
        title="pNEUMA, Athens: 50 vehicles at 1 Hz seen from drones, with the roads below them",
        repository=_BIG,
        terms="pNEUMA terms (cite Barmpounakis & Geroliminis 2020); roads: ODbL",
        files=(
            File(
                "traffic/pneuma/trajectories.csv",
                "c8d39371f2383935b024f0a03f49a2a1ff1890ac192db3b4173aa4cbda820281",
                1282728,
            ),
            File(
                "traffic/pneuma/roads.graphml",
                "dfa52a31eb5601b9fa2e5d618b6a1109f11474cb0274b0cdfcc613299c4b9c1c",
                357231,
                f"{_RAW}{_BIG}/55da684349e735bb8afb2684dbda4eb70c771a77/example/data/pNEUMA_network.graphml",
            ),
        ),
    ),
    Dataset(
        name="los-angeles-detectors",
        title="METR-LA: speeds of 207 loop detectors every 5 minutes for a week, with positions",
        repository="lehaifeng/T-GCN",
        terms="research",
        files=(
            File(
                "traffic/detectors/los_angeles_speed.csv",
                "7b732d86ae32b2930595becba28aff39dacbfb2197e250fc0332e1744ce2cbf4",
                3402125,
            ),
            File(
                "traffic/detectors/los_angeles_sensors.csv",
                "eb8ea96e07358b45d0e4ba3b89c2673fa20c54af50150249e627389e749ade6f",
                6341,
            ),
        ),
    ),
    Dataset(
        name="published-flows",
        title="Best-known equilibrium flows of Sioux Falls, Anaheim and Chicago Sketch",
        repository=_TNTP,
        terms=_TERMS_TNTP,
        files=(
            _tntp(
                "SiouxFalls/SiouxFalls_flow.tntp",
                "5d0b83a22ecc3ce79dabb2b2972162b78c5eda571dcb5b3687429d8397654fee",
                3523,
            ),
            _tntp(
                "Anaheim/Anaheim_flow.tntp",
                "eecd21c2a908b6a1c6729045ea260e96df1de026f05281d341fc281f2552cebe",
                43487,
            ),
            _tntp(
                "Chicago-Sketch/ChicagoSketch_flow.tntp",
                "068ee541d0e4d06e1e829bebc629ecf18c0f1eaf3b8239aff82de7ac3631370b",
                147094,
            ),
        ),
    ),
    Dataset(
        name="eunomia-gibleed",
        title="OMOP CDM 5.3: 2,694 synthetic persons with diagnoses, drugs and bleeding of the gut",
        repository="OHDSI/Eunomia",
        terms="Apache-2.0",
        files=(
            File(
                "medical/eunomia_gibleed_5.3.zip",
                "9fbb83fb960d88899da423380731bf9de2bc378c48178c13743c3314be4a44ae",
                5682855,
            ),
        ),
        kind="person-events",
        reader=_READ_RECORDS,
        notes=("2,649 of its 5,343 observation periods are of persons who are not in PERSON, as published.",),
    ),
    Dataset(
        name="omop-synthea",
        title="OMOP CDM 5.4: 28 synthetic persons, all tables",
        repository="OHDSI/EunomiaDatasets",
        terms="Apache-2.0",
        files=(
            File(
                "medical/omop_synthea27nj_5.4.zip",
                "cdd3971be325e17b0e872bf4560711ab4c346917ecb079e2faf32badb55cb693",
                3351707,
            ),
        ),
        kind="person-events",
        reader=_READ_RECORDS,
    ),
    Dataset(
        name="nafld",
        title="Fatty liver disease: 17,549 persons and 34,345 diagnoses, de-identified",
        repository="therneau/survival",
        terms="LGPL",
        files=(
            File(
                "medical/nafld.rda",
                "2d1be17cedd442e5dc19dce92b123292fa3deb64f7265dccfb25edf77527414b",
                1509464,
            ),
        ),
        kind="person-events",
        reader=_READ_RECORDS,
        notes=(
            "Days count from each person's index date, not in a calendar.",
            "18 diagnoses have no day, and 6 are of persons whom the table of persons lacks.",
        ),
    ),
)

DATASETS = {dataset.name: dataset for dataset in _ALL}
