"""Sign and verify attestations: a W3C VC 2.0 in a restricted profile."""
