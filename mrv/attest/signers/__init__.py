"""Where a private key is held, one place a module; each gives a :class:`mrv.attest.keys.HeldKey`.

:mod:`~mrv.attest.signers.local` needs nothing; the others import the library of their token or service when they are
named, and say which extra to install without it.  Verifying uses none of them.
"""
