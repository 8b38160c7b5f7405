import pickle

from citytide.datasets.errors import InputError


def test_an_input_error_names_file_line_value_and_the_way_out():
    error = InputError("capacity is -5", file="a_net.tntp", line=12, way_out="give 0 or more")
    assert str(error) == "a_net.tntp, line 12: capacity is -5; give 0 or more"
    assert isinstance(error, ValueError)


def test_an_input_error_survives_the_way_to_another_process():
    error = pickle.loads(pickle.dumps(InputError("x is 1", file="f", line=3, way_out="y")))
    assert (str(error), error.file, error.line) == ("f, line 3: x is 1; y", "f", 3)
