"""Sign and verify attestations: a W3C VC 2.0 in a restricted profile.

The tour, in the order a document is made and then doubted:

1. :mod:`~mrv.attest.strict_json` reads bytes into the one value they can mean, or refuses them; everything
   else works on that value and on its canonical form (RFC 8785).
2. :mod:`~mrv.attest.credential` is the closed shape of the document: statement, binding, materials, provenance.
   :mod:`~mrv.attest.caip19` names the token it is bound to (:mod:`~mrv.attest.evm_address`, over
   :mod:`~mrv.attest.keccak`, catches a mistyped contract).
3. :mod:`~mrv.attest.keys` holds who signs (a ``Signer`` chosen by URI, :mod:`~mrv.attest.signers` where the key is held)
   and refuses weak public keys; :mod:`~mrv.attest.suites` are the two algorithms (:mod:`~mrv.attest.ed25519`,
   :mod:`~mrv.attest.p256`); :mod:`~mrv.attest.proof` is the signature, by the suite of the trusted key and no other.
4. :mod:`~mrv.attest.trust` says whose keys count, for what and when: a local file, never the network;
   :mod:`~mrv.attest.trust_changes` makes the next version of it.  :mod:`~mrv.attest.trusted_time` is what lets a
   signature outlive its key.
5. :mod:`~mrv.attest.evidence` hashes the files again.
6. :mod:`~mrv.attest.status` says whether it was revoked since, from signed lists (:mod:`~mrv.attest.status_list`) of
   bits that :mod:`~mrv.attest.bitstring` packs; :mod:`~mrv.attest.register` is where their issuer keeps which bit is
   whose, and :mod:`~mrv.attest.refresh`, the one module here that sees a network, fetches them.
7. :mod:`~mrv.attest.countersignature` is a verifier's opinion on an attestation, a credential of its own;
   :mod:`~mrv.attest.countersigned` asks whether there are as many as the trust list wants.
8. :mod:`~mrv.attest.log` proves since when it is public: a transparency log with witnesses; :mod:`~mrv.attest.timestamp`
   asks a time-stamping authority instead.
9. :func:`mrv.attest.verify.check` asks every question and answers with a list of checks.
10. :mod:`~mrv.attest.bundle` keeps all of it in one file for ten years; :mod:`~mrv.attest.archive` is that file's form.

Nothing is imported here, so that ``import mrv.attest`` costs nothing.
"""
