"""Write the vectors: documents that a verifier must accept or refuse, and with which code.

    python tests/interop/vectors/make.py                       # again, from the statement that is there
    python tests/interop/vectors/make.py --fresh               # from a new statement of the tests' tiny project
    python tests/interop/vectors/make.py --write-out FOLDER    # each vector's document as a file of its own

The keys are fixed and public: they prove nothing to anybody.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import p256_cases
from cases import STATUS, TRUST, Vector, valid_document, vectors

from mrv.attest import credential, proof, strict_json

HERE = Path(__file__).parent
DOCS = HERE.parents[2] / "docs"


def schemas() -> dict[str, dict[str, Any]]:
    """The published JSON Schemas by file name in ``docs``: of the signed document, and of the statement in it."""
    from mrv.statement import Statement

    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        "attestation.schema.json": credential.json_schema(),
        "statement.schema.json": {**draft, **Statement.model_json_schema(by_alias=True)},
    }


def build(parts: dict[str, Any]) -> dict[str, Any]:
    """``vectors.json`` and what it refers to, as ``{file name: text or value}``.

    Args:
        parts: ``statement`` and ``materials``.
    """
    document = valid_document(parts)
    text = strict_json.canonical(document).decode()
    files: dict[str, Any] = {"valid.json": text}
    files |= {f"{name}.json": value for name, value in {**TRUST, **p256_cases.TRUST}.items()}
    for name, lists in {**STATUS, **p256_cases.LISTS}.items():
        files |= {f"status/{name}/{number}.json": one for number, one in enumerate(lists)}
    every = {**vectors(text, document), **p256_cases.p256_vectors()}
    files["vectors.json"] = {name: _row(vector, text) for name, vector in every.items()}
    files["keys.json"] = p256_cases.key_vectors()
    return files


def _row(vector: Vector, text: str) -> dict[str, Any]:
    change = list(vector.change)
    if vector.signed_by is not None:
        changed = json.loads(spelled(text, change))
        old = changed.pop("proof")
        new = proof.sign(changed, vector.signed_by, vector.created)["proof"]
        new = new if vector.alter is None else vector.alter(new)
        change += [
            (f'"{member}":"{old[member]}"', f'"{member}":"{new[member]}"')
            for member in ("created", "cryptosuite", "verificationMethod", "proofValue")
            if old[member] != new[member]
        ]
        assert json.loads(spelled(text, change)) == {**changed, "proof": {**new, "@context": old["@context"]}}
        change += vector.late
    return {
        "says": vector.says, "replace": [list(pair) for pair in change], "spaces": vector.spaces,
        "encoding": vector.encoding,
        "trust": f"{vector.trust}.json", "status": vector.status and f"status/{vector.status}", "now": vector.now,
        "asset": vector.asset, "fails": list(vector.fails),
    }  # fmt: skip


def spelled(text: str, change: Any) -> str:
    """``text`` with each pair replaced; each ``before`` must occur once."""
    for before, after in change:
        assert text.count(before) == 1, (text.count(before), before[:80])
        text = text.replace(before, after)
    return text


def document_of(row: dict[str, Any]) -> bytes:
    """The bytes of a vector's document."""
    text = spelled((HERE / "valid.json").read_text(encoding="utf-8"), row["replace"])
    return (" " * row["spaces"] + text).encode(row["encoding"])


def held() -> dict[str, Any]:
    """Statement and materials of the vectors that are there."""
    subject = json.loads((HERE / "valid.json").read_text(encoding="utf-8"))["credentialSubject"]
    return {"statement": subject["statement"], "materials": subject["materials"]}


def fresh() -> dict[str, Any]:
    """Statement and materials of the tests' tiny project, computed again."""
    sys.path.insert(0, str(HERE.parents[1]))
    from support.run_tiny import run_tiny
    from support.tiny_project import tiny_project

    from mrv.run import _materials, _signed_material

    with tempfile.TemporaryDirectory() as folder:
        run = run_tiny(tiny_project(Path(folder)))
        materials = _materials(run.project, run.store, run.fetched, run.result)
        rows = [_signed_material(row, run.project.folder) for row in materials]
        return {"statement": run.result.statement.as_json(), "materials": rows}


def write(files: dict[str, Any]) -> None:
    """Replace the vectors that are there, and the published schemas."""
    for name, schema in schemas().items():
        (DOCS / name).write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.rmtree(HERE / "status", ignore_errors=True)
    (HERE / "status" / "none").mkdir(parents=True)
    (HERE / "status" / "none" / "README").write_text("No list lies here.\n")
    for name, value in files.items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="compute the statement again")
    parser.add_argument(
        "--write-out", type=Path, metavar="FOLDER", help="write each vector's document, and change nothing here"
    )
    args = parser.parse_args()
    if args.write_out is None:
        write(build(fresh() if args.fresh else held()))
        return
    args.write_out.mkdir(parents=True, exist_ok=True)
    for name, row in json.loads((HERE / "vectors.json").read_text(encoding="utf-8")).items():
        (args.write_out / f"{name}.json").write_bytes(document_of(row))


if __name__ == "__main__":
    main()
