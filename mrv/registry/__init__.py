"""Where attestations meet registries: serial blocks, what was attested before, and projections for other people's forms.

The tour, in the order in which a registry meets an attestation:

1. :mod:`~mrv.registry.grammars` says how each registry writes a serial block; :mod:`~mrv.registry.serials` reads one, and
   finds blocks that share a unit.
2. :mod:`~mrv.registry.binding` holds the blocks that an attestation is bound to against the tonnes that it attests.
3. :mod:`~mrv.registry.footprint` says whether two project areas share ground, and :mod:`~mrv.registry.ledger` whether a unit,
   or an area and a time, was attested before.
4. :mod:`~mrv.registry.attested` takes an attestation that was checked, or says that it was not; from it
   :mod:`~mrv.registry.exports` makes what :mod:`~mrv.registry.cdop`, :mod:`~mrv.registry.cadtrust`,
   :mod:`~mrv.registry.erc1155` and :mod:`~mrv.registry.eas` want.
5. :mod:`~mrv.registry.chain` is a network known by its genesis; :mod:`~mrv.registry.onchain` writes an EAS attestation there
   and reads it back, :mod:`~mrv.registry.retirement` adds up what was retired.  Only these need ``web3``.

Nothing is imported here.
"""
