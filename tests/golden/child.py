"""Compute one project in a process of its own and print what a parent compares; run by the golden tests."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """``child.py PROJECT WHERE CHUNK``: print statement digests and the CPU features in force."""
    import numpy as np
    from numba import config
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    from mrv.kernels.harmonic import monitor
    from mrv.pipeline import compute
    from mrv.project import load_project
    from mrv.run import fetch_scenes, read_fetched, search_scenes
    from mrv.sources.store import Store
    from mrv.units import sha256_json

    folder, where, chunk = sys.argv[1:]
    project = load_project(Path(folder))
    claim = project.plan.claim_for(None)
    fetched = read_fetched(fetch_scenes(project, search_scenes(project, claim)))
    result = compute(
        project.plan, claim, project.boundary, fetched.scenes, store=Store(project.store_folder), inputs=project.inputs,
        where=where, chunk=int(chunk),
    )  # fmt: skip
    value = result.statement.as_json()
    whole = sha256_json(value)
    value["method"].pop("code_digest")
    assembly = "".join(monitor.inspect_asm().values())
    print(
        json.dumps(
            {
                "statement": whole,
                "without_code": sha256_json(value),
                "kg": value["quantities"]["period_project_kg"],
                "issuable_t": value["quantities"]["issuable_t"],
                "python": ".".join(map(str, sys.version_info[:2])),
                "numpy": np.__version__,
                "dispatched_on": sorted(name for name in __cpu_dispatch__ if __cpu_features__.get(name)),
                "numba_cpu": config.CPU_NAME or "host",
                "fused": assembly.count("vfmadd") + assembly.count("vfmsub") + assembly.count("vfnmadd"),
                "wide": assembly.count("ymm") + assembly.count("zmm"),
                "tunables": os.environ.get("GLIBC_TUNABLES", ""),
            }
        )
    )


if __name__ == "__main__":
    main()
