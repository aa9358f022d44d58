"""The tree against RFC 6962 written out naively, for every size up to 300 and for pairs at random."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import logs

from mrv.attest.log import merkle

LEAVES = [str(number).encode() for number in range(300)]


@pytest.fixture(scope="module")
def node():
    """Nodes of all 300 leaves, each hashed once."""
    known: dict[tuple[int, int], bytes] = {(0, index): merkle.leaf_hash(leaf) for index, leaf in enumerate(LEAVES)}

    def find(level, index):
        if (level, index) not in known:
            known[level, index] = merkle.parent(find(level - 1, 2 * index), find(level - 1, 2 * index + 1))
        return known[level, index]

    return find


def test_every_size_has_the_naive_root(node):
    assert [merkle.root(size, node) for size in range(301)] == [logs.naive_root(LEAVES[:size]) for size in range(301)]


def test_published_roots():
    """The vectors of RFC 6962's first implementation (certificate-transparency, merkletree tests)."""
    inputs = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    inputs.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
    roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    assert [merkle.root(size, logs.node_of(inputs)).hex() for size in range(9)] == roots


@given(st.integers(1, 300), st.data())
@settings(max_examples=300, deadline=None)
def test_inclusion(node, size, data):
    index = data.draw(st.integers(0, size - 1))
    path, root = merkle.inclusion(index, size, node), merkle.root(size, node)
    assert path == logs.naive_path(index, LEAVES[:size])
    leaf = merkle.leaf_hash(LEAVES[index])
    assert merkle.included(leaf, index, size, path, root)
    assert not merkle.included(merkle.leaf_hash(b"other"), index, size, path, root)
    assert not merkle.included(leaf, index, size, [*path, b"\0" * 32], root)
    assert not merkle.included(leaf, index, size, path, hashlib.sha256(root).digest())
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.included(leaf, index, size, path[:place] + path[place + 1 :], root)
        broken = [*path]
        broken[place] = bytes([broken[place][0] ^ 1]) + broken[place][1:]
        assert not merkle.included(leaf, index, size, broken, root)
    wrong = data.draw(st.integers(0, 300).filter(lambda other: other != index))
    assert not merkle.included(leaf, wrong, size, path, root)


@given(st.integers(0, 300), st.data())
@settings(max_examples=300, deadline=None)
def test_consistency(node, new, data):
    old = data.draw(st.integers(0, new))
    proof = merkle.consistency(old, new, node)
    old_root, new_root = merkle.root(old, node), merkle.root(new, node)
    assert proof == (logs.naive_proof(old, LEAVES[:new]) if 0 < old < new else [])
    assert merkle.consistent(old, old_root, new, new_root, proof)
    assert not merkle.consistent(old, hashlib.sha256(b"fork").digest(), new, new_root, proof)
    assert not merkle.consistent(old, old_root, new, new_root, [*proof, b"\0" * 32])
    if old:
        assert not merkle.consistent(old, old_root, new, hashlib.sha256(b"fork").digest(), proof)
        assert not merkle.consistent(new + 1, old_root, new, new_root, proof)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.consistent(old, old_root, new, new_root, proof[:place] + proof[place + 1 :])
        broken = [*proof]
        broken[place] = bytes([broken[place][0] ^ 1]) + broken[place][1:]
        assert not merkle.consistent(old, old_root, new, new_root, broken)


@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
@settings(max_examples=300, deadline=None)
def test_proofs_of_nothing_are_refused_without_a_crash(node, left, right, noise):
    assert not merkle.included(b"\1" * 32, left, right, noise, b"\2" * 32)
    assert not merkle.consistent(left, b"\1" * 32, right, b"\2" * 32, noise)


@pytest.mark.parametrize(
    ("call", "old", "new"), [(merkle.inclusion, 3, 3), (merkle.inclusion, -1, 3), (merkle.consistency, 4, 3)]
)
def test_what_has_no_proof(node, call, old, new):
    with pytest.raises(ValueError, match="tree of 3"):
        call(old, new, node)
