"""Witness: cosigns a log's checkpoint when it goes on from the last one it cosigned, and never otherwise.

It keeps the latest checkpoint of each log in ``<sha256 of the origin>/checkpoint``, cosigned, as static files to serve.
Whoever can take that folder away can make it forget: a policy asks several witnesses, under different roofs.

References:
    C2SP tlog-witness; the codes beside it are the answers of its ``add-checkpoint``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mrv.attest.log import merkle
from mrv.attest.log.checkpoint import SignedCheckpoint, parse_checkpoint
from mrv.attest.log.durable import Folder
from mrv.attest.log.exchange import make_request
from mrv.attest.log.note import MAX_BYTES, Note
from mrv.attest.log.signatures import VerifierKey, cosign, signed_by, verifier_key
from mrv.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.attest.keys import Signer
    from mrv.attest.log.policy import LogPolicy
    from mrv.attest.log.reader import LogCopy


class WitnessRefusal(LogError):
    """A witness does not cosign, because of what the log shows it."""

    code = "witness.refused"
    exit_status = 1


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness: its name, its key, its memory, and the logs it watches."""

    folder: Path
    """Its memory; nobody else writes there."""
    name: str
    """Its name, best a URL without scheme."""
    signer: Signer
    """Its Ed25519 key, used for nothing else."""
    policy: LogPolicy
    """The logs it knows; the witnesses in it are not asked."""

    @property
    def key(self) -> VerifierKey:
        """The key to publish."""
        return verifier_key(self.name, "witness", self.signer.public_key)

    def latest(self, origin: str) -> SignedCheckpoint | None:
        """The last checkpoint it cosigned of a log; None where it cosigned none.

        Raises:
            LogError: ``witness.state``: its memory is torn.
        """
        name = _memory(origin)
        data = Folder(self.folder).read(name, MAX_BYTES)
        try:
            return None if data is None else parse_checkpoint(data)
        except LogError as error:
            raise LogError(
                error.message, code="witness.state", file=self.folder / name,
                hint="restore it from a backup: a witness that forgot would cosign a fork",
            ) from error  # fmt: skip

    def cosign(self, signed: SignedCheckpoint, *, old: int, proof: Sequence[bytes], seconds: int) -> SignedCheckpoint:
        """Cosign a checkpoint that is consistent with the last one, and remember it first.

        Args:
            signed: The checkpoint.
            old: Size of the last checkpoint this witness cosigned; 0 for none.
            proof: Consistency proof from ``old``.
            seconds: The time, in seconds since 1970.

        Returns:
            The checkpoint with the log's signature and the cosignature.

        Raises:
            WitnessRefusal: ``witness.origin`` (404), ``witness.signature`` (403), ``witness.rollback`` (400: smaller than
                ``old``), ``witness.conflict`` (409: ``old`` is not the last), ``witness.fork`` (422: another tree),
                ``witness.clock`` (the time went back).
            LogError: ``witness.state``, ``log.locked``, ``log.unwritable``.
        """
        tree, own = signed.checkpoint, self.key
        logs = self.policy.log_keys(tree.origin)
        self._check_signature(signed, logs)
        with Folder(self.folder).lock():
            latest = self.latest(tree.origin)
            self._check_consistent(signed, latest, old, proof)
            before = 0 if latest is None else signed_by(latest.note, [own]).get(own, 0)
            if seconds < max(before, 1):
                raise _refusal("clock", f"now is {seconds}, and the last cosignature of {before}", "set the clock right")
            kept = tuple(s for s in signed.note.signatures if any(key.claims(s) for key in logs))
            note = Note(signed.note.text, (*kept, cosign(tree.text, self.name, self.signer, seconds)))
            Folder(self.folder).write(_memory(tree.origin), note.encode())
        return SignedCheckpoint(note, tree)

    def cosign_copy(self, copy: LogCopy, *, seconds: int) -> SignedCheckpoint:
        """Cosign the checkpoint of a fetched log, with a consistency proof made from its tiles.

        Raises:
            WitnessRefusal: As :meth:`cosign`.
            LogError: ``log.corrupt``, ``log.tile-missing`` or ``log.tile-torn``: the copy does not give its own root.
        """
        tree = copy.signed.checkpoint
        latest = self.latest(tree.origin)
        old = 0 if latest is None else latest.checkpoint.size
        proof = make_request(copy, old).proof if old <= tree.size else ()
        return self.cosign(copy.signed, old=old, proof=proof, seconds=seconds)

    def _check_signature(self, signed: SignedCheckpoint, logs: Sequence[VerifierKey]) -> None:
        origin = signed.checkpoint.origin
        if not logs:
            raise _refusal("origin", f"{origin!a:.200} is no log this witness knows", "add it to the witness's policy")
        try:
            found = signed_by(signed.note, logs)
        except LogError as error:
            raise _refusal("signature", error.message, "fetch the checkpoint again") from error
        if not found:
            raise _refusal("signature", f"no key of {origin!a:.200} signed it", "fetch the checkpoint again")

    def _check_consistent(
        self, signed: SignedCheckpoint, latest: SignedCheckpoint | None, old: int, proof: Sequence[bytes]
    ) -> None:
        tree = signed.checkpoint
        size, root = (0, merkle.EMPTY_ROOT) if latest is None else (latest.checkpoint.size, latest.checkpoint.root)
        if old > tree.size:
            raise _refusal("rollback", f"{tree.size} leaves, where {old} were cosigned", "ask the log where they went")
        if old != size:
            raise _refusal("conflict", f"the last checkpoint it cosigned has {size} leaves, not {old}", "prove from there")
        if len(proof) > merkle.MAX_PROOF or not merkle.consistent(size, root, tree.size, tree.root, proof):
            raise _refusal(
                "fork", f"the tree of {tree.size} leaves does not begin with the {size} it cosigned",
                "keep both checkpoints: where the proof was made from the log's own tiles, they show that it signed two trees",
            )  # fmt: skip


def _memory(origin: str) -> str:
    return f"{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"


def _refusal(reason: str, what: str, hint: str) -> WitnessRefusal:
    return WitnessRefusal(what, code=f"witness.{reason}", hint=hint)
