"""Names: what other registries call the project, its owner and its verification body; an attestation knows none of it."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mrv.attest import evm_address
from mrv.errors import UsageError
from mrv.misfit import misfit
from mrv.regular_file import read_regular

MAX_BYTES = 1 << 16
Name = Annotated[str, Field(min_length=1, max_length=300)]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
_EVM_ACCOUNT = re.compile(r"eip155:[0-9]{1,32}:(0[xX][0-9a-fA-F]{40})")


class Names(BaseModel):
    """``names.toml``: all optional; what an export lacks, it says or leaves out."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    project_id: Name | None = None
    """Project, as its registry numbers it; default, what the serials or the plan say."""
    body_name: Name | None = None
    """Verification body; default, the issuer's identifier."""
    standard: Name | None = None
    """Standard that the body applied; default, the plan's programme."""
    owner_account: Name | None = None
    """Account that owns the units: CDOP describes no unit without one.  One on an EVM chain
    (CAIP-10) in mixed case has to have its checksum's."""
    verification_body: Name | None = None
    """Verification body, as CAD Trust's picklist has it."""
    cadtrust_project: Uuid | None = None
    """``cadTrustProjectId``."""
    cadtrust_verification: Uuid | None = None
    """``cadTrustVerificationId``, which CAD Trust gives when the verification is entered."""
    cadtrust_methodology: Uuid | None = None
    """``cadTrustProjectMethodologyId``."""
    cadtrust_location: Uuid | None = None
    """``cadTrustLocationId``."""
    cadtrust_issuance: Uuid | None = None
    """``cadTrustIssuanceId``, which CAD Trust gives when the issuance is entered."""
    unit_type: Name | None = None
    """Type of unit, as CAD Trust's picklist has it."""

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        for name, text in self.model_dump(exclude_none=True).items():
            if not text.isprintable():
                raise ValueError(f"{name} holds a character that cannot be printed")
        account = _EVM_ACCOUNT.fullmatch(self.owner_account or "")
        if account is not None and evm_address.has_wrong_checksum(account[1]):
            raise ValueError(f"owner_account has a wrong checksum (EIP-55): {evm_address.remedy(account[1])}")
        return self


def load_names(path: Path | None) -> Names:
    """Read ``names.toml``; None gives no names.

    Raises:
        UsageError: ``export.names``: it cannot be read, or a field is unknown or wrong.
    """
    if path is None:
        return Names()
    try:
        return Names.model_validate(tomllib.loads(read_regular(path, MAX_BYTES).decode()))
    except ValidationError as error:
        found = misfit(error, Names)
        raise UsageError(found.message, code="export.names", file=path, field=found.field or None, hint=found.hint) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read: {error}", code="export.names", file=path, hint="a TOML table of names") from error
