"""Where attestations meet registries: serial blocks, what was attested before, and projections for other people's forms.

The tour, in the order in which a registry meets an attestation:

1. :mod:`~mrv.registry.grammars` says how each registry writes a serial block; :mod:`~mrv.registry.serials` reads one, and
   finds blocks that share a unit.
2. :mod:`~mrv.registry.binding` holds the blocks that an attestation is bound to against the tonnes that it attests.
3. :mod:`~mrv.registry.footprint` says whether two project areas share ground, and :mod:`~mrv.registry.ledger` whether a unit,
   or an area and a time, was attested before.

Nothing is imported here.
"""
