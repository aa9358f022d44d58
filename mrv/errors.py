"""One tree of errors: a stable code, where it happened, what to do, and the exit status it means."""

from __future__ import annotations

from typing import ClassVar


class MRVError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: What is wrong, in one sentence.
        code: Stable machine-readable code, ``room.reason``; defaults to the class's own.
        hint: What the reader can do about it.
        file: The file it concerns, as the caller named it.
        field: The field, band or item inside that file.
    """

    code: ClassVar[str] = "mrv.error"
    exit_status: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        file: object = None,
        field: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or type(self).code
        self.hint = hint
        self.file = None if file is None else str(file)
        self.field = None if field is None else str(field)

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders (Dask workers) whole."""
        return _rebuild, (type(self), self.message, self.error_code, self.hint, self.file, self.field)

    def as_dict(self) -> dict[str, str | None]:
        """The error as the ``--json`` output prints it."""
        return {
            "code": self.error_code,
            "message": self.message,
            "file": self.file,
            "field": self.field,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        """``file: field: message``, with the parts that are known."""
        where = ": ".join(part for part in (self.file, self.field) if part)
        return f"{where}: {self.message}" if where else self.message


def _rebuild(kind: type[MRVError], message: str, code: str, hint: str | None, file: str | None, field: str | None) -> MRVError:
    return kind(message, code=code, hint=hint, file=file, field=field)


class UsageError(MRVError):
    """The command or call was worded wrongly, or an optional package is missing."""

    code = "usage"


class PlanError(MRVError):
    """A project folder's plan, boundary or other input table cannot be used."""

    code = "plan.invalid"


class SourceError(MRVError):
    """A scene cannot be found, read or trusted."""

    code = "source.invalid"


class GridMismatch(SourceError):
    """A raster does not lie on the plan's grid."""

    code = "source.grid"


class StoreError(MRVError):
    """The content-addressed store cannot hold, or does not hold, what is asked."""

    code = "store.invalid"


class StatementError(MRVError):
    """A statement cannot be built, or contradicts itself."""

    code = "statement.invalid"


class AttestationError(MRVError):
    """An attestation, key or trust list is refused before its checks can run."""

    code = "attest.invalid"


class LogError(MRVError):
    """A transparency log, or a note, proof or policy about one, cannot be used."""

    code = "log.invalid"
