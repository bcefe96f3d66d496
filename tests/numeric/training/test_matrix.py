"""Matrix steps (L8): against steps by hand, closed-form minima and finite differences; what could go uphill is refused."""

import numpy as np
import pytest
import scipy.linalg

import numeric
import symbolic as s
from numeric.errors import OptionError, StepMatrixError
from numeric.training.curvature import Objective, per_sample_gradients
from numeric.training.matrix import MatrixStep, descent_statement
from numeric.training.step_matrices import CURVATURES, inverse
from symbolic import tensor
from symbolic.program.graph import topological

RNG = np.random.default_rng(3)


def least_squares():
    x, y = tensor("x", "n"), tensor("y", role="target")
    w, b = tensor("w", "n", role="parameter"), tensor("b", role="parameter")
    data = {"x": RNG.normal(size=(9, 3)), "y": RNG.normal(size=9)}
    return (w @ x + b - y) ** 2, data


def network(classes=False):
    x = tensor("x", "n")
    W, b, V = (tensor(name, dims, role="parameter") for name, dims in (("W", "m n"), ("b", "m"), ("V", "k m")))
    z = (V @ np.tanh(W @ x + b)).named("z")
    data = {"x": RNG.normal(size=(7, 3))}
    parameters = {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=4), "V": RNG.normal(size=(2, 4))}
    if classes:
        y = tensor("y", role="target", dtype="int")
        return s.cross_entropy(z, y), {**data, "y": RNG.integers(0, 2, 7)}, parameters
    y = tensor("y", "k", role="target")
    return np.sum((z - y) ** 2), {**data, "y": RNG.normal(size=(7, 2))}, parameters


def differences(f, w, h=1e-6):
    return np.stack([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))], axis=-1)


@pytest.mark.parametrize("classes", [False, True])
def test_derivatives_by_the_flat_vector(classes):
    loss, data, parameters = network(classes)
    o = Objective(loss)
    w = o.flat(parameters)

    def value(v):
        return o.value(o.split(v, parameters), data)

    def slope(v):
        return o.value_and_gradient(o.split(v, parameters), data)[1]

    np.testing.assert_allclose(slope(w), differences(value, w), atol=1e-8)
    H, v = differences(slope, w), RNG.normal(size=len(w))
    np.testing.assert_allclose(o.hessian(parameters, data), H, atol=1e-7)
    np.testing.assert_allclose(o.hessian_product(parameters, data, v), H @ v, atol=1e-6)
    np.testing.assert_allclose(o.hessian_diagonal(parameters, data), np.diag(H), atol=1e-7)


def test_per_sample_gradients_are_those_of_single_samples():
    loss, data, parameters = network()
    found = per_sample_gradients(loss, parameters, data)
    o = Objective(loss)
    for p in range(7):
        one = o.value_and_gradient(parameters, {k: a[p : p + 1] for k, a in data.items()})[1]
        np.testing.assert_allclose(np.concatenate([found[k][p].ravel() for k in ("W", "b", "V")]), one, atol=1e-12)
    scores = np.concatenate([found[k].reshape(7, -1) for k in ("W", "b", "V")], axis=1)
    np.testing.assert_allclose(o.fisher(parameters, data), scores.T @ scores / 7, atol=1e-12)
    masked = per_sample_gradients(loss, parameters, data, mask=[1, 1, 0, 1, 1, 1, 0])
    assert not masked["W"][[2, 6]].any()
    np.testing.assert_array_equal(masked["W"][3], found["W"][3])
    with pytest.raises(s.ChainruleError, match=r"the mask has one number per sample, so the shape \(7,\); got \(3,\)"):
        per_sample_gradients(loss, parameters, data, mask=[1, 0, 1])


def test_gradients_that_no_input_touches_are_repeated():
    w, x = tensor("w", "n", role="parameter"), tensor("x", "n")
    found = per_sample_gradients(w @ w + np.sum(x), {"w": np.array([1.0, 2.0])}, {"x": np.zeros((3, 2))})
    np.testing.assert_array_equal(found["w"], [[2, 4]] * 3)


@pytest.mark.parametrize("classes", [False, True])
def test_gauss_newton_is_the_curvature_of_the_linearised_model(classes):
    loss, data, parameters = network(classes)
    o, P = Objective(loss), 7
    z_tensor = next(t for t in topological([loss]) if t.name == "z")

    def outputs(v):
        return numeric.History(loss, o.split(v, parameters), (), "", {}).predict(z_tensor, data)

    w = o.flat(parameters)
    J, z = differences(outputs, w), outputs(w)
    if classes:
        p = scipy.special.softmax(z, axis=1)
        H = np.einsum("pi,ij->pij", p, np.eye(2)) - np.einsum("pi,pj->pij", p, p)
    else:
        H = np.broadcast_to(2 * np.eye(2), (P, 2, 2))
    np.testing.assert_allclose(o.gauss_newton(parameters, data), np.einsum("pia,pij,pjb->ab", J, H, J) / P, atol=1e-7)


def test_gauss_newton_finds_the_logits_behind_log_probabilities():
    W, x, y = tensor("W", "k n", role="parameter"), tensor("x", "n"), tensor("y", "k", role="target", assume="one_hot")
    loss = s.cross_entropy((W @ x).named("z"), y)
    data = {"x": RNG.normal(size=(5, 2)), "y": np.eye(3)[[0, 1, 2, 0, 1]]}
    o, at = Objective(loss), {"W": RNG.normal(size=(3, 2))}
    np.testing.assert_allclose(o.gauss_newton(at, data), o.hessian(at, data), atol=1e-12)  # the model is linear
    with pytest.raises(OptionError, match="give output= the tensor of the prediction"):
        Objective(np.sum(np.abs(W @ x))).gauss_newton(at, data)


def test_gauss_newton_of_a_penalised_linear_model_is_its_hessian():
    x, y = tensor("x", "n"), tensor("y", role="target")
    w, b = tensor("w", "n", role="parameter"), tensor("b", role="parameter")
    z = w @ x + b
    at, data = {"w": RNG.normal(size=3), "b": np.array(0.3)}, {"x": RNG.normal(size=(6, 3)), "y": RNG.random(6)}
    for loss in (s.binary_cross_entropy(z, y) + w @ w / 7, (z - y) ** 2 * (1 + b * b) + np.sum(w**4)):
        o = Objective(loss)
        np.testing.assert_allclose(o.gauss_newton(at, data), o.hessian(at, data), atol=1e-12)


def test_one_newton_step_solves_least_squares():
    loss, data = least_squares()
    history = numeric.train(loss, data, method="matrix", batch_size=None, epochs=2)
    X = np.column_stack([data["x"], np.ones(9)])
    want = np.linalg.lstsq(X, data["y"], rcond=None)[0]
    np.testing.assert_allclose(np.append(history.parameters["w"], history.parameters["b"]), want, atol=1e-12)
    assert history.settings["options"]["matrix"] == "newton"


@pytest.mark.parametrize("matrix", CURVATURES)
def test_damped_steps_of_every_curvature_go_down(matrix):
    loss, data, parameters = network(classes=True)
    history = numeric.matrix_step(
        loss, data, parameters, matrix=matrix, damping=0.5, clip_eigenvalues=0.0, learning_rate=0.3, steps=6
    )
    assert all(b < a for a, b in zip(history.losses, history.losses[1:], strict=False)), history.losses


def test_a_given_matrix_is_the_step_by_hand():
    loss, data = least_squares()
    A = RNG.normal(size=(4, 4))
    M, w = A @ A.T / 50, RNG.normal(size=4)
    o = Objective(loss)
    start = {"w": w[:3], "b": np.array(w[3])}
    _, g = o.value_and_gradient(start, data)
    history = numeric.matrix_step(loss, data, start, matrix=M, learning_rate=0.5, steps=1)
    np.testing.assert_allclose(o.flat(history.parameters), w - 0.5 * M @ g, atol=1e-14)
    blocks = numeric.matrix_step(loss, data, start, matrix={"w": M[:3, :3], "b": [0.25]}, steps=1)
    want = w - scipy.linalg.block_diag(M[:3, :3], 0.25) @ g
    np.testing.assert_allclose(o.flat(blocks.parameters), want, atol=1e-14)
    diagonal = numeric.matrix_step(loss, data, start, matrix=[0.1, 0, 0.2, 0.3], steps=1)
    np.testing.assert_allclose(o.flat(diagonal.parameters), w - [0.1, 0, 0.2, 0.3] * g, atol=1e-14)


def test_matrix_step_equals_sgd_for_a_multiple_of_the_identity_on_mini_batches():
    loss, data = least_squares()
    given = {"w": np.ones(3)}
    plain = numeric.train(loss, data, given, learning_rate=0.05, batch_size=4, epochs=3)
    step = numeric.train(loss, data, given, method="matrix", matrix=0.05 * np.eye(4), batch_size=4, epochs=3)
    np.testing.assert_allclose(step.losses, plain.losses, rtol=1e-12)


def test_what_could_go_uphill_is_refused_with_its_smallest_eigenvalue():
    loss, data = least_squares()
    with pytest.raises(StepMatrixError, match=r"not positive semi-definite: its smallest eigenvalue is -0.5") as caught:
        numeric.matrix_step(loss, data, matrix=np.diag([1, 2, -0.5, 1]))
    assert caught.value.smallest == pytest.approx(-0.5)
    MatrixStep(loss, np.zeros((4, 4)))  # semi-definite: allowed


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), r"has the shape \(3, 3\); the trained parameters \(w \(3,\), b \(\)\) have 4 entries, so it needs \(4, 4\) or \(4,\)"),
        (np.ones((4, 3)), r"is square, n × n, or a diagonal of length n; got the shape \(4, 3\)"),
        ([[1.0, 2], [0, 1]], r"is not symmetric: entry \(0, 1\) is 2, entry \(1, 0\) is 0"),
        ([[np.nan]], "not finite"),
        ({"w": np.eye(3)}, "leave out the parameter b"),
        ({"w": np.eye(3), "b": [1], "c": [1]}, "there is no parameter 'c' to step"),
        ({"w": np.eye(2), "b": [1]}, r"the step matrix of w has the shape \(2, 2\); the parameter has 3 entries"),
        ("newtn", "there is no step matrix 'newtn'.*Did you mean.*newton"),
        ([["a"]], "is an array of real numbers"),
    ],
)  # fmt: skip
def test_matrices_that_do_not_fit(matrix, message):
    loss, data = least_squares()
    with pytest.raises(OptionError, match=message):
        numeric.matrix_step(loss, data, matrix=matrix)


def test_an_indefinite_hessian_needs_damping_or_clipping():
    w, x = tensor("w", "n", role="parameter"), tensor("x", "n")
    loss = np.sum((w * w - x) ** 2)  # H = diag(12 w² − 4 x)
    data, start = {"x": np.array([[1.0, 1.0]])}, {"w": np.array([0.1, 1.2])}
    with pytest.raises(StepMatrixError, match=r"the Hessian \(Newton's method\) is not positive definite here: its smallest eigenvalue is -3.88. Give damping= above 3.88"):  # fmt: skip
        numeric.matrix_step(loss, data, start)
    with pytest.raises(StepMatrixError, match=r"-1.88 with the damping"):
        numeric.matrix_step(loss, data, start, damping=2)
    for more in ({"damping": 5.0}, {"clip_eigenvalues": 2.0}):
        history = numeric.matrix_step(loss, data, start, steps=60, **more)
        np.testing.assert_allclose(history.parameters["w"], [1, 1], atol=1e-6)


def test_a_hessian_that_is_singular_to_working_precision_is_called_so():
    with pytest.raises(StepMatrixError, match="C is singular to working precision here: its .* is 1e-17"):
        inverse(np.diag([1.0, 1e-17]), "C")
    with pytest.raises(StepMatrixError, match="C is not positive definite here: its .* is 0"):
        inverse(np.diag([1.0, 0.0]), "C")


def test_options_of_the_matrix_step_are_checked():
    loss, data = least_squares()
    with pytest.raises(OptionError, match="the method matrix has no option 'dampin'"):
        numeric.train(loss, data, method="matrix", dampin=1.0)
    with pytest.raises(OptionError, match="is a step matrix: give method='matrix' and matrix='gauss_newton'"):
        numeric.train(loss, data, method="gauss-newton")
    with pytest.raises(OptionError, match="damping of the matrix step is a finite number that is not negative, got -1"):
        numeric.matrix_step(loss, data, damping=-1)
    with pytest.raises(OptionError, match="belong to a matrix that is built"):
        numeric.matrix_step(loss, data, matrix=np.eye(4), damping=1)
    with pytest.raises(s.UnsupportedError, match="NumPy back end"):
        numeric.training_step(loss, method="matrix", backend="numba")
    assert inverse(np.array([2.0, -1.0]), "C", damping=2.0).tolist() == [0.25, 1.0]


def test_a_singular_hessian_is_refused():
    w, x = tensor("w", "n", role="parameter"), tensor("x", "n")
    with pytest.raises(StepMatrixError, match="smallest eigenvalue is"):
        numeric.matrix_step((w @ x - 1) ** 2, {"x": np.array([[1.0, 1.0]])})


def test_the_step_goes_downhill_to_first_order_as_a_proved_statement():
    x, y, w = tensor("x", "n"), tensor("y", role="target"), tensor("w", "n", role="parameter")
    for loss in ((w @ x - y) ** 2, s.binary_cross_entropy(w @ x, y), np.tanh(w @ x)):
        statement = descent_statement(loss, w)
        assert statement.holds, (statement.pairing, statement.square)
    W = tensor("W", "m n", role="parameter")
    assert descent_statement(np.sum(np.tanh(W @ x) ** 2), W).holds


def test_a_matrix_that_would_not_fit_is_refused_before_it_is_built():
    w, x = tensor("w", "n", role="parameter"), tensor("x", "n")
    data = {"x": np.ones((2, 6000))}
    with pytest.raises(OptionError, match=r"for 6000 parameters has 3.6e\+07 entries.*trust-ncg"):
        numeric.matrix_step((w @ x - 1) ** 2, data)
    history = numeric.matrix_step((w @ x - 1) ** 2, data, matrix="diagonal", learning_rate=1e-4, steps=2)
    assert history.losses[1] < history.losses[0]


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    loss, data, parameters = network(classes=True)
    options = {"matrix": "gauss_newton", "damping": 0.5, "learning_rate": 0.3, "checkpoint": tmp_path / "run.npz"}
    numeric.matrix_step(loss, data, parameters, steps=2, **options)
    resumed = numeric.matrix_step(loss, data, parameters, steps=4, resume=True, **options)
    straight = numeric.matrix_step(loss, data, parameters, steps=4, **{**options, "checkpoint": None})
    assert resumed.losses == straight.losses
    with pytest.raises(s.ChainruleError, match="saved with options"):
        numeric.matrix_step(loss, data, parameters, steps=5, resume=True, **{**options, "damping": 0.4})


def test_the_first_order_change_is_that_of_small_steps():
    loss, data, parameters = network()
    o = Objective(loss)
    w = o.flat(parameters)
    A = RNG.normal(size=(len(w), len(w)))
    M = A @ A.T
    value, g = o.value_and_gradient(parameters, data)
    h = 1e-7
    moved = o.value(o.split(w - h * M @ g, parameters), data)
    assert (moved - value) / h == pytest.approx(-g @ M @ g, rel=1e-4)
