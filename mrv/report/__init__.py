"""The verification report a person reads: one HTML page, drawn from a signed document and its views.

The page is not signed and proves nothing by itself: it shows what the document says, and how to check it.  ``page`` puts the
sections in order; each other module draws the sections of one noun.
"""

from mrv.report.page import render

__all__ = ["render"]
