"""Verdicts through the public door: statuses, counterexamples, conditions, and claims built to mislead a judge."""

import numpy as np
import pytest

import symbolic as s
from symbolic import check, tensor
from symbolic.verification.effort import spent
from symbolic.verification.equality_proof import prove

n3 = [tensor(name, "n") for name in "xyz"]


@pytest.fixture
def net():
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    W, b = tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
    z = np.tanh(W @ x + b)
    return x, y, W, b, z, np.sum((z - y) ** 2)


def status(claim, truth, **options):
    return check(claim, truth, seed=7, **options).status


def test_a_right_gradient_holds(net):
    x, y, W, _, z, C = net
    claim = np.outer(2 * (z - y) * (1 - z**2), x)
    verdict = check(claim, s.gradient(C, W), seed=1)
    assert verdict.holds
    assert verdict.counterexample is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, y, z: np.outer(2 * (z - y), x),
        lambda x, y, z: np.outer((z - y) * (1 - z**2), x),
        lambda x, y, z: np.outer(2 * (y - z) * (1 - z**2), x),
        lambda x, y, z: np.outer(2 * (z - y) * (1 - z), x),
    ],
)
def test_a_wrong_gradient_is_refuted_by_a_point_that_a_person_can_read(net, wrong):
    x, y, W, _, z, C = net
    verdict = check(wrong(x, y, z), s.gradient(C, W), seed=1)
    assert verdict.status == "refuted"
    example = verdict.counterexample
    assert max(size for _, size in example.sizes) <= 3
    assert [name for name, _ in example.values] == ["x", "y", "W", "b"]
    assert example.claimed != example.true


def test_the_counterexample_is_exact_where_the_program_is_rational():
    x, A = tensor("x", "n"), tensor("A", "n n")
    example = check(2 * A @ x, (A + A.T) @ x, seed=3).counterexample
    values = {name: np.array(v, dtype=object) for name, v in example.values}
    (i,) = example.entry
    claimed, true = 2 * values["A"] @ values["x"], (values["A"] + values["A"].T) @ values["x"]
    assert (example.claimed, example.true) == (str(claimed[i]), str(true[i]))
    assert example.sizes == (("n", 2),)


def test_a_function_is_called_with_tensors_by_name(net):
    *_, W, _, _, C = net

    def claim(W, x, b, y, factor=2):
        z = np.tanh(W @ x + b)
        return np.outer(factor * (z - y) * (1 - z**2), x)

    assert check(claim, s.gradient(C, W)).holds
    claim.__annotations__ = {"W": "m n", "x": "n"}  # a model file's functions carry dims
    assert check(claim, s.gradient(C, W)).holds
    with pytest.raises(s.DeclarationError, match=r"parameter 'q' is none of the truth's tensors"):
        check(lambda q: q, s.gradient(C, W))


def test_a_tensor_declared_again_is_the_same():
    def model():
        x, A = tensor("x", "n"), tensor("A", "n n")
        return x, A, s.gradient(x @ A @ x, x)

    (x, A, _), (_, _, truth) = model(), model()
    assert check((A + A.T) @ x, truth).holds
    assert status(2 * A @ x, truth) == "refuted"
    other = tensor("A", "n m")
    assert status(other @ other.T @ x, truth) == "refuted"


def test_layouts():
    A, B = tensor("A", "m n"), tensor("B", "n k")
    x, y = tensor("x", "n"), tensor("y", "n")
    assert status((A @ B).T, A @ B) == "layout"
    assert status(np.outer(x, y), np.outer(y, x)) == "layout"
    assert status(x[None, :], x) == "layout"
    assert status(x[:, None], x[None, :]) == "layout"
    square = tensor("S", "n n")
    assert status(square.T @ np.diag(x), square @ np.diag(x)) == "refuted"
    assert status(B, A @ B) == "shape"


def test_shapes_are_named():
    verdict = check(tensor("u", "m"), tensor("v", "n"))
    assert verdict.status == "shape"
    assert "(m,)" in str(verdict)
    assert "(n,)" in str(verdict)
    a, b = tensor("a", "m"), tensor("b", "n")
    assert check(lambda a, b: a + b, np.outer(a, b)).status == "shape"


def test_a_verdict_has_no_truth_value(net):
    x, *_ = net
    with pytest.raises(s.UnsupportedError, match=r"\.holds"):
        bool(check(x, x))


def test_zero_may_be_claimed_as_a_number(net):
    x, *_ = net
    assert status(0, x - x) == "agrees"
    assert status(1, x - x) == "shape"


# -- claims built to mislead -------------------------------------------------------------------------------------------


def test_values_that_vanish_at_small_whole_numbers_do_not_mislead():
    x = tensor("x", "")
    bump = x
    for k in range(-4, 5):
        bump = bump * (x - k) if k else bump
    assert status(x + bump, x) == "refuted"


@pytest.mark.parametrize("exponent", [12, 30, 60, 90, 200, 400])
def test_tiny_differences_are_found(exponent):
    x = tensor("x", "n")
    tiny = s.constant(1) / (s.constant(10) ** exponent)
    assert status(x + tiny, x) == "refuted"


def test_cancellation_is_no_difference():
    x = tensor("x", "n")
    large = s.constant(10) ** 25
    assert check((x + large) - large, x).holds
    assert check(np.exp(x + 60) / np.exp(s.constant(60)), np.exp(x)).holds
    assert status((x + large) - large + x / 10**9, x) == "refuted"


def test_assumptions_are_kept():
    A, x = tensor("A", "n n"), tensor("x", "n")
    S = tensor("S", "n n", assume="symmetric")
    assert status(2 * A @ x, (A + A.T) @ x) == "refuted"
    assert check(2 * S @ x, (S + S.T) @ x).holds
    Q = tensor("Q", "n n", assume="orthogonal")
    assert check(Q.T @ (Q @ x), x).holds
    p = tensor("p", "n", assume="probability")
    assert check(p * p.sum(), p).holds
    y = tensor("y", "n", assume="one_hot")
    assert check(y * y, y).holds
    assert status(x * x, x) == "refuted"
    t = tensor("t", "n", assume="sign")
    assert check(t * t, np.ones_like(t)).holds


def test_domains_are_kept():
    x, p = tensor("x", "n"), tensor("p", "n", assume="positive")
    assert check(2 * np.log(p), np.log(p * p)).holds
    assert status(2 * np.log(x), np.log(x * x)) == "undecided"
    assert check(p, np.sqrt(p * p)).holds
    assert status(x, np.sqrt(x * x)) == "refuted"
    assert status(x, np.abs(x)) == "refuted"
    assert check(np.log(p) / np.log(p), np.ones_like(p)).holds


def test_small_domains_are_found():
    X = tensor("X", (4, 5))
    verdict = check(np.log(np.prod(X)), np.log(X).sum())
    assert verdict.holds
    assert status(np.log(np.prod(X)) + 1, np.log(X).sum()) == "refuted"
    entropy = np.sum(X * np.log(X) + (1 - X) * np.log(1 - X))
    assert check(np.log(X / (1 - X)), s.gradient(entropy, X)).holds
    assert status(entropy * 2, entropy) == "refuted"
    assert any("(0, 1)" in condition for condition in check(entropy / 2 * 2, entropy).conditions)


def test_kinks_are_left_out_and_said():
    x = tensor("x", "n")
    verdict = check(np.where(x >= 0, 1, 0), np.where(x > 0, 1, 0))
    assert verdict.holds
    assert status(np.where(x > 0, x, 0), np.maximum(x, 0)) in ("agrees", "proved")
    assert status(np.where(x > 3, x, 0), np.maximum(x, 0)) == "refuted"


def test_labels_stay_in_range():
    P, t = tensor("P", "N K"), tensor("t", "N", dtype="int")
    picked = P[s.arange(P.shape[0]), t]
    assert check((P * s.one_hot(t, P.shape[1])).sum(axis=1), picked).holds


def test_a_symbolic_bomb_is_cut_off():
    x = tensor("x", "")
    tower = np.exp(np.exp(np.exp(np.exp(20 * x * x + 30))))
    verdict = check(tower + 1, tower)
    assert verdict.status == "undecided"


def test_points_are_reproducible():
    x = tensor("x", "n")
    first, second = (check(2 * x, x * x, seed=11) for _ in range(2))
    assert first.counterexample == second.counterexample


def test_saturation_is_no_difference():
    """At large logits p − p² is far below what 30 digits resolve, by two formulas that round alike."""
    z, g = tensor("z", "n"), tensor("g", "n")
    e = np.exp(8 * z - (8 * z).max())
    p = e / e.sum()
    claim = 8 * p * (g - (g * p).sum())
    for seed in range(5):
        assert check(claim, s.vjp(p, z, g), seed=seed).holds


def test_what_lies_behind_a_relu_is_no_kink():
    a, b = tensor("a", "n"), tensor("b", "n")
    h, k = np.maximum(a, 0), np.maximum(b, 0)
    assert check(np.where(h > 0, 1, 0), np.where(a > 0, 1, 0)).holds
    assert check(np.where(h > k, 1, 0) * h, s.gradient(np.maximum(h, k).sum(), h) * h).status in ("agrees", "proved")
    assert status(np.where(h >= 0, 1, 0), np.where(a > 0, 1, 0) * 2) == "refuted"


def test_evidence_states_primes_and_degree():
    A, x = tensor("A", "m n"), tensor("x", "n")
    evidence = check(A.T @ (A @ x) * 2, s.gradient((A @ x) @ (A @ x), x), seed=2).evidence
    assert evidence.points >= 4
    assert len(set(evidence.primes)) == evidence.points
    assert evidence.degree == 3
    assert "degree at most 3" in str(evidence)
    assert evidence.primes != check(A.T @ (A @ x) * 2, s.gradient((A @ x) @ (A @ x), x)).evidence.primes


def test_residues_follow_nested_exponentials():
    x = tensor("x", "n")
    inner = np.tanh(np.exp(x) + 1)
    other = (np.exp(2 * np.exp(x) + 2) - 1) / (np.exp(2 * np.exp(x) + 2) + 1)
    evidence = check(s.sigmoid(inner) * 2 - 1, np.tanh(other / 2), seed=5).evidence
    assert len(evidence.primes) == evidence.points


def test_sizes_that_count_are_told_from_small_numbers():
    x = tensor("x", "n")
    n = x.shape[0]
    assert status(x + (n - 2) * ((n - 3) * ((n - 4) * ((n - 1) * ((n - 5) * x)))), x) == "refuted"


def test_points_lie_on_both_sides_of_a_threshold():
    x = tensor("x", "n")
    for threshold in (100, 1e-3):
        huber = np.where(np.abs(x) <= threshold, x**2 / 2, threshold * np.abs(x) - threshold**2 / 2)
        assert check(np.clip(x, -threshold, threshold), s.gradient(huber.sum(), x)).holds
        assert status(x, s.gradient(huber.sum(), x)) == "refuted"
        assert status(threshold * np.sign(x), s.gradient(huber.sum(), x)) == "refuted"


def test_constants_computed_in_floats_are_no_exact_numbers():
    x = tensor("x", "n")
    c = 0.044715 * float(np.sqrt(2 / np.pi)) * 1.7
    assert check(x * c, x * (0.044715 * 1.7) * np.sqrt(s.constant(2) / np.pi)).status == "agrees"
    assert status(x * (c + 1e-9), x * (0.044715 * 1.7) * np.sqrt(s.constant(2) / np.pi)) == "refuted"
    assert check(0.1 + 0.2, s.constant(3) / 10).holds
    A = np.random.default_rng(0).normal(size=(3, 3))
    y = tensor("y", 3)
    assert check((A.T @ A) @ y, s.constant(A).T @ (s.constant(A) @ y)).holds
    assert status((A.T @ A + 1e-6) @ y, s.constant(A).T @ (s.constant(A) @ y)) == "refuted"


# -- claims as code, large sizes, formulas -----------------------------------------------------------------------------


def test_code_that_needs_numbers_is_traced_at_several_sizes():
    x = tensor("x", "n")
    truth = s.jacobian(x * x, x)

    def right(x):
        return 2 * np.eye(len(x)) * x

    def wrong(x):
        return np.eye(len(x)) * x

    assert check(right, truth).status == "agrees"
    verdict = check(wrong, truth)
    assert verdict.status == "refuted"
    assert verdict.diagnosis.label == "factor 2"


def test_a_mistake_in_code_that_needs_numbers_is_told_in_names():
    Z, Y = tensor("Z", "n d", role="parameter"), tensor("Y", "n d")
    truth = s.gradient(-np.mean(np.diagonal(s.log_softmax(Z @ Y.T, axis=1))), Z)

    def summed(Z, Y):
        return (s.softmax(Z @ Y.T, axis=1) - np.eye(Z.shape[0])) @ Y

    assert check(lambda Z, Y: summed(Z, Y) / Z.shape[0], truth).status == "agrees"
    verdict = check(summed, truth)
    assert verdict.status == "refuted"
    assert verdict.diagnosis.label == "missing 1/P"
    assert "1/n" in verdict.diagnosis.sentence


def test_a_claim_of_another_shape_gets_its_mistake_named():
    A, X, Y = tensor("A", "n n", role="parameter"), tensor("X", "n k"), tensor("Y", "n k")
    truth = s.gradient(np.sum((A @ X - Y) ** 2) / 2, A)
    verdict = check(X.T @ (A @ X - Y), truth)
    assert verdict.status == "shape"
    assert verdict.diagnosis.label == "wrong order of factors"


def test_code_that_writes_into_arrays_is_run():
    x = tensor("x", "n")
    truth = s.jacobian(np.tanh(x), x)

    def loop(x):
        out = np.zeros((len(x), len(x)))
        for i in range(len(x)):
            out[i, i] = 1 - np.tanh(x[i]) ** 2
        return out

    def wrong(x):
        out = np.zeros((len(x), len(x)))
        for i in range(len(x)):
            out[i, i] = 1 - np.tanh(x[i])
        return out

    assert check(loop, truth).status == "agrees"
    assert check(wrong, truth).status == "refuted"
    assert check(lambda x: loop(x)[0], truth).status == "shape"
    assert "ZeroDivisionError" in str(check(lambda x: np.zeros(len(x)) + 1 // 0, truth))


def test_large_fixed_sizes_are_judged_at_small_ones():
    x, W = tensor("x", 784), tensor("W", (100, 784), role="parameter")
    y = tensor("y", 100, role="target")
    z = np.tanh(W @ x)
    truth = s.gradient(((z - y) ** 2).mean(), W)
    right = check(np.outer(2 * (z - y) * (1 - z * z), x) / 100, truth)
    assert right.holds
    wrong = check(np.outer(2 * (z - y) * (1 - z * z), x), truth)
    assert wrong.status == "refuted"
    assert wrong.diagnosis.label == "missing 1/P"
    assert wrong.repair.shape == (100, 784)
    assert max(n for _, n in wrong.counterexample.sizes) <= 4
    # 1/784 where 1/100 belongs, and a coincidence of numbers that is none of sizes
    assert check(np.outer(2 * (z - y) * (1 - z * z), x) / 784, truth).status == "refuted"


def test_formulas_in_latex(net):
    x, _, W, _, z, C = net
    z.named("z")
    truth = s.gradient(C, W)
    assert check(r"2 \bigl((z - y) \odot (1 - z \odot z)\bigr) x^\top", truth).holds
    assert check(r"\frac{\partial C}{\partial W} = 2 (z - y) x^\top", truth).status == "refuted"
    assert check(r"2 (z - y) x", truth).status == "shape"
    assert check(r"2 (q - y) x^\top", truth).status == "undecided"
    assert check("I", s.jacobian(x, x)).holds


def test_labels_are_positions_also_where_the_claim_compares_them():
    """A policy gradient: labels outside the classes, which the program cannot read, are no counterexample."""
    z, a, r = s.tensor("z", (4, 3), role="parameter"), s.tensor("a", 4, dtype="int"), s.tensor("r", 4)
    loss = -np.mean(r * s.log_softmax(z, axis=1)[np.arange(4), a])
    claim = -((a[:, None] == np.arange(3)) - s.softmax(z, axis=1)) * r[:, None] / 4
    assert s.check(claim, s.gradient(loss, z)).status in ("proved", "agrees")
    assert s.check(-claim, s.gradient(loss, z)).status == "refuted"


def test_a_verdict_costs_the_same_work_each_time(net):
    _, _, W, _, _, C = net
    wrong, truth = -s.gradient(C, W), s.gradient(C, W)
    costs = []
    for _ in range(2):
        before = spent()
        assert status(wrong, truth) == "refuted"
        costs.append(spent() - before)
    assert 0 < costs[0] == costs[1]


def test_a_proof_ends_with_its_effort(net):
    _, _, W, _, _, C = net
    truth = s.gradient(C, W)
    assert prove(truth + truth, 2 * truth) is not None
    assert prove(truth + truth, 2 * truth, effort=10) is None


def test_a_parameter_that_nothing_is_named_after_may_stand_unused(net):
    _, _, W, _, _, C = net
    truth = s.gradient(C, W)
    assert s.check(lambda W, unused: truth, truth).status == "proved"
    with pytest.raises(s.errors.ChainruleError, match="none of the truth's tensors"):
        s.check(lambda W, unused: truth + unused, truth)
