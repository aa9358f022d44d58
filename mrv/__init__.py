"""Verify forest and mangrove carbon from space, and sign what was found.

The tour, in the order the data flows::

    plan ─► sources ─► cube ─► change ─► activity ─► carbon ─► uncertainty ─► programme ─► statement ─► attest

A project folder holds a :class:`mrv.plan.MonitoringPlan`; :func:`mrv.run.verify_period` carries it through
every room and returns a :class:`mrv.run.Record`; :mod:`mrv.attest` signs it; :func:`mrv.run.replay` recomputes
it from the evidence, exact on every integer and digest.  ``ARCHITECTURE.md`` walks one pixel through.
"""

__version__ = "0.1.0"
