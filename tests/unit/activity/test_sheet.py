from __future__ import annotations

import csv
import io
import zlib

import numpy as np
import pytest
from support.made_sample import YEARS, made_sample

from mrv.activity.reference import parse_reference
from mrv.activity.sheet import (
    CHIP_GAP,
    CHIP_HALF_PX,
    CHIP_ZOOM,
    GREY,
    MARK,
    chip,
    encode_sheet,
    is_interpreted,
    png,
    read_table,
)
from mrv.errors import PlanError

MADE = made_sample()
EDGE = (2 * CHIP_HALF_PX + 1) * CHIP_ZOOM


def decode(data):
    from rasterio.io import MemoryFile

    with pytest.warns(UserWarning, match="no geotransform"), MemoryFile(data) as memory, memory.open(driver="PNG") as source:
        return np.moveaxis(source.read(), 0, 2)


def test_the_sheet_is_blind():
    text = encode_sheet(MADE.drawn, YEARS).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["unit", "row", "col", "lon", "lat", "2019", "2020", "2021", "interpreter", "confidence", "note"]
    assert len(rows) == 1 + 120
    assert [row[0] for row in rows[1:]] == [entry.unit.id for entry in MADE.drawn]
    assert {cell for row in rows[1:] for cell in row[5:]} == {""}
    assert "loss" not in text
    assert "stratum" not in text


def test_the_same_sample_gives_the_same_bytes():
    assert encode_sheet(MADE.drawn, YEARS) == encode_sheet(made_sample().drawn, YEARS)


def test_an_empty_sheet_is_no_interpretation_and_one_cell_is():
    empty = encode_sheet(MADE.drawn, YEARS)
    assert not is_interpreted(empty)
    assert not is_interpreted(b"\xef\xbb\xbf" + empty.replace(b"\n", b"\r\n"))
    lines = empty.split(b"\n")
    for cell in range(5, 11):
        cells = lines[9].split(b",")
        cells[cell] = b"x"
        assert is_interpreted(b"\n".join([*lines[:9], b",".join(cells), *lines[10:]]))
    assert is_interpreted(MADE.reference())


@pytest.mark.parametrize("data", [b"", b"\xff", b'unit,"row'])
def test_what_cannot_be_read_counts_as_work(data):
    assert is_interpreted(data)


def test_an_empty_sheet_is_refused_as_a_sample():
    with pytest.raises(PlanError) as caught:
        parse_reference(encode_sheet(MADE.drawn, YEARS), frame=MADE.frame, drawn=MADE.drawn)
    assert caught.value.error_code == "reference.non-response"


def test_lines_are_those_of_the_file():
    rows = read_table(b'unit,row\n\n"a\nb",1\nc,2\n', file="x.csv")
    assert rows == [(1, {"unit": "unit", "row": "row"}), (4, {"unit": "a\nb", "row": "1"}), (5, {"unit": "c", "row": "2"})]


def test_a_table_too_large_is_refused():
    with pytest.raises(PlanError) as caught:
        read_table(b"a" * (2**26 + 1), file="x.csv")
    assert caught.value.error_code == "reference.syntax"


def picture():
    rows, cols = np.mgrid[0:40, 0:50]
    return np.stack([rows * 5, cols * 5, np.full_like(rows, 7)], axis=2).astype(np.uint8)


def test_a_png_decodes_to_its_pixels():
    pixels = picture()
    assert np.array_equal(decode(png(pixels)), pixels)
    assert png(pixels) == png(pixels.copy())
    assert zlib.crc32(png(pixels)) != zlib.crc32(png(pixels[::-1].copy()))


@pytest.mark.parametrize(("row", "col"), [(20, 25), (0, 0), (39, 49), (3, 47)])
def test_a_chip_shows_the_neighbourhood_and_marks_the_unit(row, col):
    source = picture()
    shown = decode(chip([[source, source], [source, source]], row, col))
    assert shown.shape == (2 * EDGE + CHIP_GAP, 2 * EDGE + CHIP_GAP, 3)
    middle = CHIP_HALF_PX * CHIP_ZOOM
    for top in (0, EDGE + CHIP_GAP):
        for left in (0, EDGE + CHIP_GAP):
            part = shown[top : top + EDGE, left : left + EDGE]
            assert part[middle + CHIP_ZOOM // 2, middle + CHIP_ZOOM // 2].tolist() == source[row, col].tolist()
            assert tuple(part[middle - 1, middle]) == MARK
            corner = part[0, 0]
            inside = row >= CHIP_HALF_PX and col >= CHIP_HALF_PX
            assert corner.tolist() == (source[row - CHIP_HALF_PX, col - CHIP_HALF_PX].tolist() if inside else [GREY] * 3)
    assert (shown[EDGE : EDGE + CHIP_GAP] == 255).all()
