"""Execute the audit notebook and keep the result beside the other outputs; the notebook itself stays without outputs.

Run ``MRV_ATTESTATION=out/demo python notebooks/execute.py [FOLDER]``; relative paths start where it is run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent
NOTEBOOK = HERE / "01-inspect-and-replay.ipynb"
TIMEOUT_S = 600


def execute(target: Path) -> None:
    """Execute the notebook in its own folder and write it to ``target``, also where a cell fails.

    Raises:
        CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    try:
        client.execute()
    finally:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)


def main(folder: Path) -> int:
    """Execute, say what the cells printed, and return the exit status."""
    for name in ("MRV_ATTESTATION", "MRV_TRUST"):
        if name in os.environ:
            os.environ[name] = str(Path(os.environ[name]).resolve())  # the kernel runs in another folder
    target = folder / f"{NOTEBOOK.stem}.executed.ipynb"
    try:
        execute(target)
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    for cell in nbformat.read(target, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stdout":
                print(output["text"].rstrip())
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "out" / "notebook"))
