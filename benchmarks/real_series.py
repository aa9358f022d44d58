"""Change detectors on real series: a dated clearing, labelled samples, a forest's row, published CCDC outputs, L-band.

Run ``python benchmarks/real_series.py``; it reads the folder that ``MRV_SHARED_DATA`` names (default ``../shared/data`` beside
the checkout), prints a table, and writes ``results/real-series.json`` and ``results/real-series.png``.  A data set that is not
there is skipped, and said so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import series_ccdc
import series_harvard
import series_palsar
import series_pixel
import series_rondonia

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
OUT = Path(__file__).resolve().parent / "results"
PARTS: dict[str, tuple[str, Callable[[Path, Callable[[str], None]], dict[str, Any]]]] = {
    "a dated clearing, radar and optical": ("bayts-pixel", series_pixel.table),
    "labelled samples, Rondônia": ("rondonia-s2-series", series_rondonia.table),
    "a row of Harvard Forest": ("harvard-forest-landsat", series_harvard.table),
    "published CCDC outputs": ("ccdc-reference", series_ccdc.table),
    "PALSAR-2 mosaic, Kauai": ("palsar-kauai", series_palsar.table),
}
"""Title → folder, function."""


def data_folder() -> Path:
    """Where the third-party data are."""
    return Path(os.environ.get("MRV_SHARED_DATA", ROOT.parent / "shared" / "data"))


def main() -> None:
    """Run every part whose data are there."""
    folder, results = data_folder(), {}
    for title, (name, run) in PARTS.items():
        print(title)
        if not (folder / name).is_dir():
            print(f"  skipped: {name} is not beside this checkout (set MRV_SHARED_DATA)")
            continue
        results[title] = run(folder / name, print)
    if not results:
        print("nothing was run, nothing is written")
        return
    (OUT / "real-series.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    if (folder / "bayts-pixel").is_dir():
        series_pixel.picture(folder / "bayts-pixel", OUT / "real-series.png")


if __name__ == "__main__":
    main()
