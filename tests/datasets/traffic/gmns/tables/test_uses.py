from pathlib import Path

import numpy as np
import pytest
from gmns_folders import LINK, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.text.tables import Table
from citytide.datasets.traffic.gmns.tables.uses import find_car_rows


def uses(*cells: str) -> Table:
    return Table(Path("link.csv"), {"allowed_uses": list(cells)}, list(range(2, 2 + len(cells))))


@pytest.mark.parametrize(
    "cell", ["", "auto", "ALL", "walk;bike;auto", "bus, hov2 , sov", "[car|truck]", "Passenger Car"]
)
def test_roads_open_to_cars(cell: str):
    assert find_car_rows(uses(cell), Path()).tolist() == [True]


@pytest.mark.parametrize("cell", ["WALK, BIKE", "bus", "walk bike", "light rail", "truck;transit", "none", "parking"])
def test_roads_closed_to_cars(cell: str):
    assert find_car_rows(uses(cell), Path()).tolist() == [False]


def test_words_that_do_not_tell_are_refused():
    with pytest.raises(InputError, match=r"line 3: allowed_uses is 'x1', which does not tell whether cars may drive"):
        find_car_rows(uses("auto", "x1"), Path())
    with pytest.raises(InputError, match=r"line 2: allowed_uses is 'hov2;hov3': roads for shared cars only are not re"):
        find_car_rows(uses("hov2;hov3"), Path())


@pytest.mark.parametrize(
    "cell",
    ["no auto", "not auto", "no cars", "cars prohibited", "private bus", "no trucks", "no bus", "all except cars",
     "auto, no trucks", "non-auto", "emergency vehicles", "passenger train", "car_ban", "all;no_cars"],
)  # fmt: skip
def test_words_beside_others_that_turn_their_sense_are_refused(cell: str):
    with pytest.raises(
        InputError, match=rf"line 2: allowed_uses is '{cell}', which does not tell whether cars may dri"
    ):
        find_car_rows(uses(cell), Path())


@pytest.mark.parametrize(("cell", "is_open"), [("auto only", True), ("bus only", False), ("walk-only", False)])
def test_only_beside_one_word_leaves_its_sense(cell: str, is_open: bool):
    assert find_car_rows(uses(cell), Path()).tolist() == [is_open]


def test_a_group_of_uses_is_looked_up(tmp_path: Path):
    (tmp_path / "use_group.csv").write_text('use_group,uses\nmotor,"auto,truck"\nslow,"walk,bike"\nany2,"slow,motor"\n')
    assert find_car_rows(uses("motor", "slow", "slow,bus", "any2"), tmp_path).tolist() == [True, False, False, True]


@pytest.mark.parametrize("column", ["allowed_uses", "VDF_allowed_uses1"])
def test_links_closed_to_cars_are_no_links(tmp_path: Path, column: str):
    link = LINK.replace("\n", f',"{column}"\n', 1).replace(",,5\n", ",,5,auto\n").replace(",2,\n", ",2,,\n")
    link = link.replace(",60,0,,,", ',60,900,,,,"WALK, BIKE"')
    toy = open_instance(write(tmp_path, link=link))
    assert toy.link_id.tolist() == [11, 12]
    assert any("1 rows of link.csv are closed to cars by allowed_uses: left out." in note for note in toy.notes)
    shut = write(tmp_path, link="link_id,from_node_id,to_node_id,vdf_fftt,capacity,allowed_uses\n1,10,20,1,9,walk\n")
    with pytest.raises(InputError, match=r"link.csv: no link is open to cars; write auto into allowed_uses"):
        open_instance(shut)


def test_an_empty_cell_is_open():
    assert np.all(find_car_rows(Table(Path("link.csv"), {"link_id": ["1", "2"]}, [2, 3]), Path()))
