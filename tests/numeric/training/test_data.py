"""Data sets: what is read, what is refused and how it is said."""

import numpy as np
import pytest

from numeric.errors import DataError, OptionError
from numeric.training.data import PACKAGED, DataSet, load
from numeric.training.synthetic import teacher_data
from symbolic import tensor
from symbolic.language.gallery import GALLERY


def loss_of(x_shape, y_shape, y_dtype="real"):
    x = tensor("x", x_shape)
    y = tensor("y", y_shape, role="target", dtype=y_dtype)
    return (x * 1).sum() + (y * 1).sum()


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_sets_load(name):
    data = load(name)
    assert {len(a) for a in data.arrays.values()} == {len(data)}
    assert len(data) > 100
    assert all(np.isfinite(a).all() for a in data.arrays.values())
    assert bool(data.classes) == (name != "diabetes")


def test_split_is_seeded_disjoint_and_complete():
    data = DataSet("numbers", {"x": np.arange(50)})
    train, held = data.split(0.2, seed=3)
    again, _ = data.split(0.2, seed=3)
    other, _ = data.split(0.2, seed=4)
    assert sorted([*train.arrays["x"], *held.arrays["x"]]) == list(range(50))
    assert np.array_equal(train.arrays["x"], again.arrays["x"])
    assert not np.array_equal(train.arrays["x"], other.arrays["x"])


def test_standardised_uses_the_training_samples():
    rng = np.random.default_rng(0)
    data = DataSet("a", {"x": rng.normal(3, 2, (40, 3)), "y": np.zeros(40)})
    train, held = data.split(0.25)
    assert np.allclose(train.standardised().arrays["x"].mean(axis=0), 0)
    mean, deviation = train.arrays["x"].mean(axis=0), train.arrays["x"].std(axis=0)
    assert np.allclose(held.standardised(train).arrays["x"], (held.arrays["x"] - mean) / deviation)


def test_labels_become_what_the_target_is():
    data = load("digits")
    assert data.bind(loss_of(64, (), "int"))["y"].dtype == np.int64
    one_hot = data.bind(loss_of((8, 8), 10))
    assert one_hot["x"].shape == (1797, 8, 8)
    assert one_hot["y"].shape == (1797, 10)
    assert np.array_equal(one_hot["y"].argmax(axis=1), data.arrays["targets"])


def test_npz_and_folder_bind_by_name(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(7, 3)), np.arange(7)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "folder" / "x.npy", x)
    np.save(tmp_path / "folder" / "y.npy", y)
    for source in (tmp_path / "d.npz", tmp_path / "folder"):
        bound = load(source).bind(loss_of("n", (), "int"))
        assert np.array_equal(bound["x"], x)
        assert np.array_equal(bound["y"], y)


def test_csv_with_class_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("size,kind,weight\n1.5,cat,2\n2,dog,3\n0.5,cat,1\n")
    data = load(path, target="kind")
    assert data.classes == ("cat", "dog")
    assert data.arrays["targets"].tolist() == [0, 1, 0]
    assert data.arrays["features"].tolist() == [[1.5, 2], [2, 3], [0.5, 1]]


def test_parquet_reads_like_csv(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.table({"a": [1.0, 2.0], "b": [3, 4]}), tmp_path / "a.parquet")
    data = load(tmp_path / "a.parquet")
    assert data.arrays["features"].tolist() == [[1.0], [2.0]]
    assert data.arrays["targets"].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,\n", r"d\.csv:3: column b holds a missing value where a number"),
        ("a,b\n1,2\nten,3\n", r"d\.csv:3: column a holds 'ten'"),
        ("a,b\n1,2\n3\n", r"d\.csv:3: 1 values where the header names 2 columns"),
        ("a,b\n", "at least one sample"),
        ("a\n1\n", "at least one feature column and a target column"),
        ("a,b\nnan,1\n", "column a holds a missing value"),
    ],
)
def test_a_broken_table_is_named_by_line_and_column(tmp_path, text, message):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        load(tmp_path / "d.csv")


def test_unknown_names_are_suggested(tmp_path):
    with pytest.raises(DataError, match=r"packaged are digits, .* Did you mean 'digits'\?"):
        load("digit")
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"cannot read \.xlsx files"):
        load(tmp_path / "none.xlsx")
    (tmp_path / "d.csv").write_text("alpha,beta\n1,2\n")
    with pytest.raises(DataError, match="Did you mean 'beta'"):
        load(tmp_path / "d.csv", target="bet")


def test_arrays_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"a sample of shape \(64,\) does not fit input x \(600,\)"):
        load("digits").bind(loss_of(600, (), "int"))
    with pytest.raises(DataError, match="labels run from 0 to 9, but y .* has room for 5 classes"):
        load("digits").bind(loss_of(64, 5))
    with pytest.raises(DataError, match="same number of samples"):
        DataSet("a", {"x": np.zeros(3), "y": np.zeros(4)})
    with pytest.raises(DataError, match="empty"):
        DataSet("a", {"x": np.zeros((0, 2))})
    np.savez(tmp_path / "d.npz", x=np.array([[1.0, np.nan]]))
    with pytest.raises(DataError, match=r"the array x is not finite at index \(0, 1\)"):
        load(tmp_path / "d.npz")
    (tmp_path / "d.npz").write_bytes(b"PK no archive")
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        load(tmp_path / "d.npz")
    np.savez(tmp_path / "o.npz", x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="not a readable .npz file of plain arrays"):
        load(tmp_path / "o.npz")
    with pytest.raises(OptionError, match="between 0 and 1"):
        load("iris").split(1.5)


def test_a_teacher_keeps_the_sign_of_what_starts_at_a_constant():
    loss = GALLERY["rbf-net"].build()  # e^{−γ ‖x − w‖²} with γ = 1 at the start
    data = teacher_data(loss, 200, seed=0)
    assert np.abs(data.arrays["y"]).max() < 100
    assert np.std(data.arrays["y"]) > 0
