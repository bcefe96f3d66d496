"""The code of a step does not depend on the process that generates it: sets are never walked in the order of their hashes."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib
import numpy as np
import numeric
from numeric.learning.adversarial import Networks
from numeric.training.initial import initial_parameters

nets = Networks()
parameters = initial_parameters(nets.discriminator_loss)
step = numeric.training_step(nets.generator_loss, "adam", frozen=nets.owned["discriminator"], dtype="float64")
step(parameters, {"z": np.zeros((64, 2))})
print(hashlib.sha256(step.source.encode()).hexdigest())
"""


def test_processes_with_other_hashes_generate_the_same_code():
    root = Path(__file__).resolve().parents[3]
    found = set()
    for seed in ("1", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        found.add(answer.stdout)
    assert len(found) == 1
