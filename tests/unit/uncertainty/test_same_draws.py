"""The same draws on a CPU without vector instructions: one digest of everything the Monte Carlo is made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys

CHILD = """
import hashlib, json
from fractions import Fraction
import numpy as np
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from mrv.uncertainty.copula import correlated_normals
from mrv.uncertainty.propagation import Component, Term, index, propagate
from mrv.uncertainty.spatial import Variogram, zone_covariance
from mrv.uncertainty.student_draws import student_from_normal

seed, digest = "sha256:" + "12" * 32, hashlib.sha256()
z = correlated_normals(seed, ("a", "b", "c"), {("a", "b"): Fraction(1, 3), ("b", "c"): Fraction(-2, 7)}, 20_000)
for name in z:
    digest.update(z[name].tobytes())
t = {df: student_from_normal(z["a"], df) for df in (1, 2, 5, 27, 200, 999)}
for values in t.values():
    digest.update(values.tobytes())
held = [Component("area", Fraction(10**9), np.rint(1e9 + 1e7 * t[27]).astype(np.int64))]
held += [Component(name, Fraction(100), 100 + 7 * z[name]) for name in z]
one = ("project", "1")
terms = [Term(one, "area", ("a", "b", "c"), Fraction(44, 120)), Term(one, "area", ("c",), Fraction(44, 12), -1)]
digest.update(propagate(terms, index(held))[one].tobytes())
zones = np.arange(96 * 96).reshape(96, 96) // 1000
weights = (np.arange(96 * 96).reshape(96, 96) * 7919 % 991).astype(np.int64)
for model in ("exponential", "spherical"):
    found = zone_covariance(zones, weights, Variogram(model, Fraction(137)), pixel_m=(Fraction(10), Fraction(10)), block=3)
    digest.update(repr(found).encode())
on = sorted(name for name in __cpu_dispatch__ if __cpu_features__.get(name))
print(json.dumps({"digest": digest.hexdigest(), "on": on, "dispatch": list(__cpu_dispatch__)}))
"""


def child(**environment):
    process = subprocess.run(
        [sys.executable, "-c", CHILD],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_a_crippled_cpu_draws_the_same():
    plain = child()
    crippled = child(
        NPY_DISABLE_CPU_FEATURES=" ".join(plain["dispatch"]), GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4"
    )
    assert crippled["on"] == []
    assert crippled["digest"] == plain["digest"]
