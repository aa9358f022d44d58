"""Extent maps: the detector of change between them, and what is put aside before and told apart after."""

from typing import Annotated, Literal

from pydantic import Field

from mrv.plan.base import Table


class CleaningTable(Table):
    """Clean-up of the maps before change is read off.

    The defaults were chosen on one half of the Global Mangrove Watch change sites (``benchmarks/gmw_cleaning.py``), but for
    ``last_loss``: an emission is not withheld for want of confirmation.  Gain at the end of the stack never counts.
    """

    method: Literal["extent-cleaning/1"]
    """Method, by name and version."""
    persist: Annotated[int, Field(strict=True, ge=1, le=12)] = 2
    """Maps in a row that make a change."""
    minimum_px: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 16
    """Smallest patch of change, pixels."""
    rim_px: Annotated[int, Field(strict=True, ge=0, le=8)] = 1
    """Depth of the edge of the forest that wanders, pixels; 0 knows no edge."""
    rim_persist: Annotated[int, Field(strict=True, ge=1, le=99)] = 12
    """Maps in a row that make a change of what only follows that edge."""
    last_loss: Annotated[bool, Field(strict=True)] = True
    """Whether a loss that the last map alone shows counts."""


class VersionStepTable(Table):
    """A step between versions of the maps' algorithm is not a change: how wide one is, and what is told from it."""

    method: Literal["version-step/1"]
    """Method, by name and version."""
    most_px: Annotated[int, Field(strict=True, ge=1, le=8)] = 3
    """Rings along the edge that are looked at: a step as wide may be wider, and fails the gate."""
    share_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 15
    """Share of a ring, lost or gained, from which the ring belongs to the step."""
    balanced_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 6
    """Share that is enough where as much of the ring is gained on the one side as is lost on the other."""
    fewest_px: Annotated[int, Field(strict=True, ge=10, le=10_000)] = 30
    """Pixels of a ring that can tell a share; with a shorter edge a change of version is refused."""


class KindsTable(Table):
    """What patches of change look like: the shore's, a pond's, or neither; shapes, not causes."""

    method: Literal["change-kinds/1"]
    """Method, by name and version."""
    water: Literal["class", "border"]
    """What is water: the codes of ``sources.extent.water``, or, where the maps class none, all other land that is joined to the
    window's border. That is an assumption: it takes dry land for water."""
    shore_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 35
    """Share of a patch's edge that faces water, from which it is the shore's."""
    pond_px: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 12
    """Fewest pixels of a pond."""
    fill_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 82
    """Share of its smallest rectangle that a pond fills."""
    side_px: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 3
    """Shortest side of a pond's rectangle, pixels."""
    elongation: Annotated[int, Field(strict=True, ge=1, le=100)] = 8
    """Longest side of a pond's rectangle, in short sides."""


class ExtentChangeTable(Table):
    """Change between epochs of a classified extent map."""

    detector: Literal["extent-epochs/1"]
    """Method, by name and version."""
    cleaning: CleaningTable | None = None
    """Clean-up of the maps before; absent: they are taken as they are."""
    version_step: VersionStepTable | None = None
    """How a change of version is measured and laid aside; absent: maps of two versions are refused."""

    kinds: KindsTable | None = None
    """Kinds of change told apart; absent: they are not."""

    @property
    def prepares(self) -> bool:
        """Whether the maps that are compared are other than the publisher's."""
        return self.cleaning is not None or self.version_step is not None

    @property
    def keeps_account(self) -> bool:
        """Whether the statement shows the maps as they came beside what was made of them, or kinds of change."""
        return self.prepares or self.kinds is not None
