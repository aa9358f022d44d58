"""The monitoring plan: the attested method and the claim. All that can change the answer, and nothing that cannot."""

from mrv.plan.accounts import (
    BiomassTable,
    FactorsTable,
    OverrideInterval,
    Pool,
    PoolTable,
    ProgrammeTable,
    RandomTable,
    SoilTable,
)
from mrv.plan.claim import Claim
from mrv.plan.evidence import (
    PLATFORM,
    BiomassLayer,
    ExtentClasses,
    MaskTable,
    MergeTable,
    ObservationTable,
    RadarLayer,
    Radiometry,
    RecordTable,
    Role,
    Source,
)
from mrv.plan.extents import CleaningTable, ExtentChangeTable, KindsTable, VersionStepTable
from mrv.plan.fusion import DensityTable, EvidenceTable, FusionTable, RadarTable
from mrv.plan.method import STEP_OBSERVATIONS, ActivityTable, ChangeTable, ConfidenceTable, MethodTable, StepTable
from mrv.plan.monitoring import MonitoringPlan, load_plan, plan_from_json
from mrv.plan.reference import ReferenceTable
from mrv.plan.site import ForestDefinition, GridTable, ProjectTable

__all__ = [
    "PLATFORM",
    "STEP_OBSERVATIONS",
    "ActivityTable",
    "BiomassLayer",
    "BiomassTable",
    "ChangeTable",
    "Claim",
    "CleaningTable",
    "ConfidenceTable",
    "DensityTable",
    "EvidenceTable",
    "ExtentChangeTable",
    "ExtentClasses",
    "FactorsTable",
    "ForestDefinition",
    "FusionTable",
    "GridTable",
    "KindsTable",
    "MaskTable",
    "MergeTable",
    "MethodTable",
    "MonitoringPlan",
    "ObservationTable",
    "OverrideInterval",
    "Pool",
    "PoolTable",
    "ProgrammeTable",
    "ProjectTable",
    "RadarLayer",
    "RadarTable",
    "Radiometry",
    "RandomTable",
    "RecordTable",
    "ReferenceTable",
    "Role",
    "SoilTable",
    "Source",
    "StepTable",
    "VersionStepTable",
    "load_plan",
    "plan_from_json",
]
