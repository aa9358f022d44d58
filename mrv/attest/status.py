"""Was it revoked, or suspended?  Asked of status lists in a folder, never of the network.

:mod:`mrv.attest.refresh` fetches lists into the folder beforehand; whatever cannot be read, believed or found fails.

References:
    W3C Bitstring Status List v1.0 §3.2 (validate).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mrv.attest import bitstring, strict_json
from mrv.attest.status_list import parse_list, verify_list
from mrv.checks import Check, decide
from mrv.errors import AttestationError
from mrv.regular_file import TooLargeError, read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mrv.attest.trust import TrustedKey, TrustList

MAX_FILES = 256
_NO_FOLDER = (
    "the trust list requires a status list, and the caller gave no folder "
    "(fetch it with `mrv status refresh`, and give its folder by --status)"
)
_WORDS = {"revocation": "revoked", "suspension": "suspended"}


def check_status(document: dict[str, Any], *, trust: TrustList, folder: Path | Lists | None, now: str) -> list[Check]:
    """Whether an attestation was revoked or suspended, from lists in a folder.

    Args:
        document: The attestation, of the closed shape.
        trust: Whose keys count, and whether this issuer's attestations need a status list.
        folder: Where the lists lie, or the lists; None when the caller has none.
        now: The time to judge by.

    Returns:
        ``status.revocation`` and ``status.suspension`` as far as the attestation names such lists, each the bit (of a list
        that is over only where it revokes, which is for ever); or the fault that keeps it from being read
        (``status.missing``, ``.unlisted``, ``.unreadable``, ``.size``, ``.ambiguous``, ``.issuer``, ``.purpose``, ``.key``,
        ``.role``, ``.same-key``, ``.proof``, ``.early``, ``.expired``, ``.lifetime``, ``.encoding``, ``.bomb``, ``.short``,
        ``.index``); or the note ``status.not-required``.
    """
    issuer, entries = trust.issuer(document["issuer"]), document.get("credentialStatus", [])
    if issuer is None:
        return [Check("status.missing", "fails", "an unknown issuer's attestation may have been revoked")]
    if folder is None and not issuer.status_required:
        named = " though the attestation names one" if entries else ""
        return [Check("status.not-required", "note", f"the trust list asks for no status list{named}: revocation is unknown")]
    if folder is None:
        return [Check("status.missing", "fails", _NO_FOLDER)]
    if all(entry["statusPurpose"] != "revocation" for entry in entries):
        return [Check("status.unlisted", "fails", "the attestation names no revocation list, so that it cannot be revoked")]
    lists = read_lists(folder) if isinstance(folder, Path) else folder
    return [_check_both(entry, document, lists=lists, trust=trust, now=now) for entry in entries]


class Lists(NamedTuple):
    """What a folder of status lists holds."""

    found: dict[str, list[tuple[Path, dict[str, Any]]]]
    """Id to the files that hold the list of that id, unverified."""
    faults: list[AttestationError]
    """Why other files could not be read."""
    kept: Lists | None = None
    """What a bundle was kept with: it can revoke, or suspend where it is no older, and it clears nobody."""

    def add(self, path: Path, data: bytes) -> None:
        """Take one file in, or why it cannot be read."""
        try:
            document = parse_list(data)
        except AttestationError as error:
            error.file = path.name
            self.faults.append(error)
        else:
            self.found.setdefault(document["id"], []).append((path, document))

    def of(self, url: str) -> dict[str, Any]:
        """The one list of that id.

        Raises:
            AttestationError: ``status.ambiguous``: two files; ``status.missing``: none; a file's own fault where there is
                none and a file could not be read.
        """
        several = self.found.get(url, [])
        if len(several) > 1:
            names = " and ".join(path.name for path, _ in several)
            raise AttestationError(f"{names} are both {url:.200}", code="status.ambiguous", hint="keep the newer one")
        if several:
            return several[0][1]
        if self.faults:
            raise self.faults[0]
        hint = "fetch it with `mrv status refresh`"
        raise AttestationError(f"no list {url:.200} in the folder", code="status.missing", hint=hint)


def read_lists(folder: Path) -> Lists:
    """Every status list in the ``.json`` files of a folder; links and anything but plain files are not followed."""
    lists = Lists({}, [])
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except OSError as error:
        hint = "name the folder that `mrv status refresh` wrote"
        lists.faults.append(
            AttestationError(f"cannot be read: {error.strerror}", code="status.missing", file=folder, hint=hint)
        )
        return lists
    for path in paths[:MAX_FILES]:
        try:
            data = _read(path)
        except AttestationError as error:
            error.file = path.name
            lists.faults.append(error)
        else:
            lists.add(path, data)
    if len(paths) > MAX_FILES:
        lists.faults.append(_too_many(folder))
    return lists


def held_lists(files: Mapping[str, bytes]) -> Lists:
    """The status lists among files in memory, by name."""
    lists = Lists({}, [])
    for name, data in sorted(files.items())[:MAX_FILES]:
        lists.add(Path(name), data)
    if len(files) > MAX_FILES:
        lists.faults.append(_too_many(None))
    return lists


def _too_many(folder: Path | None) -> AttestationError:
    hint = "keep the lists that are asked for, one file each, and take the others out"
    return AttestationError(f"more than {MAX_FILES} files", code="status.unreadable", file=folder, hint=hint)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, strict_json.MAX_BYTES, follow=False)
    except OSError as error:
        code = "status.size" if isinstance(error, TooLargeError) else "status.unreadable"
        hint = "take it out of the folder, and fetch the list with `mrv status refresh`"
        raise AttestationError(f"cannot be read: {error.strerror}", code=code, hint=hint) from error


def _check_both(entry: dict[str, Any], document: dict[str, Any], *, lists: Lists, trust: TrustList, now: str) -> Check:
    """What the caller's list says, unless the one that was kept says what the caller's, being older, cannot know."""
    check = _check_entry(entry, document, lists=lists, trust=trust, now=now)
    if lists.kept is None:
        return check
    kept, url = _check_entry(entry, document, lists=lists.kept, trust=trust, now=now), entry["statusListCredential"]
    if kept.status != "fails" or kept.code != f"status.{entry['statusPurpose']}":
        return check
    # Whose validFrom is compared here was verified by then: that of a check that holds, and of one that tells a bit.
    newer = check.status == "holds" and lists.kept.of(url)["validFrom"] >= lists.of(url)["validFrom"]
    if kept.code == "status.revocation" or newer:
        return replace(kept, detail=f"{kept.detail} (the bundle's own list)")
    return check


def _check_entry(entry: dict[str, Any], document: dict[str, Any], *, lists: Lists, trust: TrustList, now: str) -> Check:
    purpose, index, url = entry["statusPurpose"], int(entry["statusListIndex"]), entry["statusListCredential"]
    try:
        found = lists.of(url)
        _check_kin(found, document, purpose)
        over = purpose == "revocation" and _revoked_once(found, index, document, trust=trust, now=now)
        one = over or _bit(found, index, document, trust=trust, now=now)
    except AttestationError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Check(error.error_code, "fails", f"{purpose}: {error}{hint}")
    told = f"{'' if one else 'not '}{_WORDS[purpose]}: bit {index} of {url:.200}, valid until {found['validUntil']}"
    told += "; that list is over, and a revocation is for ever" if over else ""
    return decide(f"status.{purpose}", not one, told)


def _bit(found: dict[str, Any], index: int, document: dict[str, Any], *, trust: TrustList, now: str) -> bool:
    key, bits = verify_list(found, trust=trust, now=now)
    _check_other_key(key, document, trust)
    return bitstring.bit(bits, index)


def _revoked_once(found: dict[str, Any], index: int, document: dict[str, Any], *, trust: TrustList, now: str) -> bool:
    """Whether a list that is over revoked it while it was valid.

    Either way the attestation fails; but an archive that is opened in ten years has to say that it was revoked, not that
    its list is old.  To clear somebody's name an old list, or the key of one, is never enough.
    """
    if now < found["validUntil"]:
        return False
    try:
        return _bit(found, index, document, trust=trust, now=found["validFrom"])
    except AttestationError:
        return False


def _check_kin(found: dict[str, Any], document: dict[str, Any], purpose: str) -> None:
    if found["issuer"] != document["issuer"]:
        raise AttestationError(
            f"the list is {found['issuer']:.200}'s, not the attestation's issuer's",
            code="status.issuer",
            hint="nobody revokes, or clears, another issuer's attestations",
        )
    if found["credentialSubject"]["statusPurpose"] != purpose:
        stated = found["credentialSubject"]["statusPurpose"]
        raise AttestationError(
            f"the list is for {stated}, the attestation's entry for {purpose}", code="status.purpose",
            hint="the issuer signed an entry that names the wrong list, and has to attest again",
        )  # fmt: skip


def _check_other_key(key: TrustedKey, document: dict[str, Any], trust: TrustList) -> None:
    signed = trust.key(document["issuer"], document["proof"]["verificationMethod"])
    if signed is not None and signed.public_key == key.public_key:
        raise AttestationError(
            "the key that signed the attestation signed the list too",
            code="status.same-key",
            hint="whoever steals it could take back his own revocation: sign lists with a key of their own",
        )
