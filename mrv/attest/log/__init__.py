"""A transparency log of attestations: append-only, in static files that any web server can serve.

The tour:

1. :mod:`~mrv.attest.log.merkle` is the tree of RFC 6962: roots, proofs, and how a proof is doubted.
2. :mod:`~mrv.attest.log.note` reads and writes signed notes; :mod:`~mrv.attest.log.signatures` holds the two kinds of
   signature, the log's and a witness's; :mod:`~mrv.attest.log.checkpoint` is the note that names a tree.
3. :mod:`~mrv.attest.log.durable` writes files that survive a crash, :mod:`~mrv.attest.log.tiles` lays the tree out in them,
   :mod:`~mrv.attest.log.entry` is what a leaf says.
4. :mod:`~mrv.attest.log.writer` appends; :mod:`~mrv.attest.log.reader` proves and audits, with what
   :mod:`~mrv.attest.log.kept` finds of smaller trees.
5. :mod:`~mrv.attest.log.witness` cosigns what is consistent with all it has seen, and nothing else;
   :mod:`~mrv.attest.log.exchange` is how one is asked; :mod:`~mrv.attest.log.watch` finds a log that shows two faces.
6. :mod:`~mrv.attest.log.sidecar` is the ``.tlog-proof`` file, :mod:`~mrv.attest.log.policy` says whose word counts, and
   :mod:`~mrv.attest.log.logged` judges the one by the other and yields the trusted time.

References:
    C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof, tlog-witness; RFC 6962 §2.1; RFC 9162 §2.1.
"""
