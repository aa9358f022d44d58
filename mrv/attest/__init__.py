"""Sign and verify attestations: a W3C VC 2.0 in a restricted profile.

The tour, in the order a document is made and then doubted:

1. :mod:`~mrv.attest.strict_json` reads bytes into the one value they can mean, or refuses them; everything
   else works on that value and on its canonical form (RFC 8785).
2. :mod:`~mrv.attest.credential` is the closed shape of the document: statement, binding, materials, provenance.
   :mod:`~mrv.attest.caip19` names the token it is bound to.
3. :mod:`~mrv.attest.keys` holds who signs (a ``Signer`` chosen by URI) and refuses weak public keys;
   :mod:`~mrv.attest.proof` is the signature, ``eddsa-jcs-2022``, and nothing else.
4. :mod:`~mrv.attest.trust` says whose keys count, for what and when: a local file, never the network.
5. :mod:`~mrv.attest.evidence` hashes the files again.
6. :func:`mrv.attest.verify.check` asks every question and answers with a list of checks.

Nothing is imported here, so that ``import mrv.attest`` costs nothing.
"""
