"""Every published identity of the corpus is derived, and is right; a formula that is wrong is found to be."""

import copy
from collections import Counter

import pytest

from tests.symbolic.corpus.corpus import KINDS, attempt, corpus

ITEMS = corpus()


@pytest.mark.parametrize("item", ITEMS, ids=[item["id"] for item in ITEMS])
def test_identity(item):
    outcome = attempt(item)
    assert outcome.verdict == "right", outcome.detail


def test_items_are_well_formed():
    assert max(Counter(item["id"] for item in ITEMS).values()) == 1
    for item in ITEMS:
        assert item["source"]
        assert item["kind"] in KINDS
        wrt = [item["wrt"]] if isinstance(item["wrt"], str) else item["wrt"]
        assert set(wrt) <= set(item["variables"])
        assert ("g" in item["variables"]) or item["kind"] != "vjp"


# A derivative that is zero is zero under any factor, so these are left out where a factor is planted.
WITH_CLAIM = [i for i in ITEMS if "claim" in i and not i["claim"]["expr_numpy"].startswith("0 *")][::15]


@pytest.mark.parametrize("item", WITH_CLAIM, ids=[item["id"] for item in WITH_CLAIM])
@pytest.mark.parametrize("mistake", ["({}) * 1.001", "-({})", "({}) + 0.01"])
def test_a_planted_mistake_is_found(item, mistake):
    item = copy.deepcopy(item)
    *lines, last = item["claim"]["expr_numpy"].split("\n")
    item["claim"]["expr_numpy"] = "\n".join([*lines, mistake.format(last)])
    assert attempt(item).verdict == "wrong"


@pytest.mark.parametrize("item", WITH_CLAIM, ids=[item["id"] for item in WITH_CLAIM])
def test_another_function_is_told_from_the_one_derived(item):
    """The oracle that judges a derivative is the text itself: with another text the derivative is wrong."""
    from tests.symbolic.corpus import corpus as trying

    tensors, arrays = trying.point(item)
    _, derivative = trying.derived(item, tensors)
    found = trying.NumPyOracle({tensors[name]: array for name, array in arrays.items()})(derivative)
    other = copy.deepcopy(item)
    *lines, last = item["output"]["expr_numpy"].split("\n")
    other["output"]["expr_numpy"] = "\n".join([*lines, f"1.001 * ({last})"])
    assert trying.distance(found, trying.expected(item, arrays)) < trying.TOLERANCE[item["kind"]]
    assert trying.distance(found, trying.expected(other, arrays)) > trying.TOLERANCE[item["kind"]]
