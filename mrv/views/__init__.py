"""Views: what a person looks at beside a statement, computed from a result; arrays and plain values, no drawing."""

from mrv.views.maps import Views, look
from mrv.views.optical import OpticalViews, PixelSeries

__all__ = ["OpticalViews", "PixelSeries", "Views", "look"]
