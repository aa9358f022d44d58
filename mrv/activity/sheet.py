"""Sheet: what an interpreter is given and gives back: a table of blind units, and pictures around each.

Columns: ``unit,row,col,lon,lat``, one a label year, ``interpreter,confidence,note``.  No column says the stratum, and the order
of the rows does not tell it either.
"""

from __future__ import annotations

import csv
import io
import struct
import zlib
from typing import TYPE_CHECKING, NoReturn

from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mrv.activity.frame import PlacedUnit

PLACE, ABOUT = ("unit", "row", "col", "lon", "lat"), ("interpreter", "confidence", "note")
MAX_BYTES = 1 << 26
CHIP_HALF_PX, CHIP_ZOOM, CHIP_GAP = 12, 6, 4
"""Pixels on either side of the unit, dots a pixel, dots between pictures."""
GREY, MARK = 236, (255, 220, 0)


def encode_sheet(drawn: Sequence[PlacedUnit], years: Sequence[int]) -> bytes:
    """The empty sheet.

    Args:
        drawn: Units, in the order of the draw.
        years: Label years.

    Returns:
        CSV in UTF-8, a line feed after each row.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*PLACE, *years, *ABOUT])
    empty = [""] * (len(years) + len(ABOUT))
    writer.writerows([entry.unit.id, entry.unit.row, entry.unit.col, entry.lon, entry.lat, *empty] for entry in drawn)
    return text.getvalue().encode()


def is_interpreted(data: bytes) -> bool:
    """Whether anybody's work is in a sheet; one that cannot be read counts as work."""
    try:
        rows = read_table(data, file="")
    except PlanError:
        return True
    return any(cell for _, row in rows[1:] for column, cell in row.items() if column not in PLACE)


def read_table(data: bytes, *, file: str) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV file of interpretations, spaces around cells removed, empty lines left out.

    Returns:
        Pairs of line number and cells by column; the first pair is the header.

    Raises:
        PlanError: ``reference.syntax``: not UTF-8, not comma-separated, or a row of another length; ``reference.column``.
    """
    if len(data) > MAX_BYTES:
        _refuse(f"{len(data)} bytes", "reference.syntax", file, None, "this is no table of interpretations")
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        _refuse(f"not CSV in UTF-8: {error}", "reference.syntax", file, None, "save as CSV, UTF-8, separated by commas")
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        _refuse("is empty", "reference.syntax", file, None, "give the sheet that mrv sample wrote, interpreted")
    header = lines[0][1]
    if len(header) == 1 and ";" in header[0]:
        _refuse("is separated by semicolons", "reference.syntax", file, "line 1", "save as CSV separated by commas")
    if twice := next((name for name in header if header.count(name) > 1), None):
        _refuse(f"column {twice or '(without name)'} occurs twice", "reference.column", file, "line 1", "keep one of them")
    for number, cells in lines:
        if len(cells) != len(header):
            _refuse(
                f"{len(cells)} cells, the header has {len(header)}", "reference.syntax", file, f"line {number}", "mend the row"
            )
    return [(number, dict(zip(header, cells, strict=True))) for number, cells in lines]


def chip(pictures: Sequence[Sequence[NDArray[np.uint8]]], row: int, col: int) -> bytes:
    """A montage around one unit, its pixel marked.

    Args:
        pictures: Rows of pictures of the whole window (y, x, 3).
        row: Row of the unit.
        col: Column of the unit.

    Returns:
        PNG.
    """
    import numpy as np

    edge = (2 * CHIP_HALF_PX + 1) * CHIP_ZOOM
    step = edge + CHIP_GAP
    canvas = np.full((len(pictures) * step - CHIP_GAP, max(map(len, pictures)) * step - CHIP_GAP, 3), 255, np.uint8)
    for down, line in enumerate(pictures):
        for along, picture in enumerate(line):
            canvas[down * step : down * step + edge, along * step : along * step + edge] = _cut(picture, row, col)
    return png(canvas)


def _cut(picture: NDArray[np.uint8], row: int, col: int) -> NDArray[np.uint8]:
    import numpy as np

    half, zoom = CHIP_HALF_PX, CHIP_ZOOM
    wide = np.full((2 * half + 1, 2 * half + 1, 3), GREY, np.uint8)
    rows, cols = picture.shape[:2]
    top, left = max(0, row - half), max(0, col - half)
    seen = picture[top : min(rows, row + half + 1), left : min(cols, col + half + 1)]
    down, along = top - (row - half), left - (col - half)
    wide[down : down + seen.shape[0], along : along + seen.shape[1]] = seen
    large = wide.repeat(zoom, axis=0).repeat(zoom, axis=1)
    first, last = half * zoom - 1, (half + 1) * zoom
    large[[first, last], first : last + 1] = MARK
    large[first : last + 1, [first, last]] = MARK
    return large


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels (y, x, 3) as a PNG, the same bytes for the same pixels and zlib."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\x00" + pixels[row].tobytes() for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, body) for name, body in parts)


def _part(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _refuse(message: str, code: str, file: str, field: str | None, hint: str) -> NoReturn:
    raise PlanError(message, code=code, file=file, field=field, hint=hint)
