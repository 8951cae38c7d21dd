from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import _merkle as merkle
from crmkit.errors import IntegrityError

# The slow, obvious twin: RFC 6962 section 2.1, word for word.


def slow_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def slow_root(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = slow_split(len(data))
    return hashlib.sha256(b"\x01" + slow_root(data[:k]) + slow_root(data[k:])).digest()


def slow_path(m: int, data: list[bytes]) -> list[bytes]:
    if len(data) == 1:
        return []
    k = slow_split(len(data))
    if m < k:
        return [*slow_path(m, data[:k]), slow_root(data[k:])]
    return [*slow_path(m - k, data[k:]), slow_root(data[:k])]


def slow_proof(m: int, data: list[bytes], whole: bool = True) -> list[bytes]:
    if m == len(data):
        return [] if whole else [slow_root(data)]
    k = slow_split(len(data))
    if m <= k:
        return [*slow_proof(m, data[:k], whole), slow_root(data[k:])]
    return [*slow_proof(m - k, data[k:], False), slow_root(data[:k])]


def leaves(n: int) -> list[bytes]:
    return [b"leaf %d" % i for i in range(n)]


def hashes(n: int) -> list[bytes]:
    return [merkle.leaf_hash(data) for data in leaves(n)]


@pytest.mark.parametrize("n", [*range(34), 63, 64, 65, 100])
def test_roots_are_those_of_the_slow_tree(n):
    expected = slow_root(leaves(n))
    edge = merkle.CompactRange()
    for leaf in hashes(n):
        edge.append(leaf)
    assert merkle.root(hashes(n)) == merkle.Tree(hashes(n)).root() == edge.root() == expected
    assert edge.size == n


def test_every_proof_of_small_trees_is_that_of_the_slow_tree_and_verifies():
    tree = merkle.Tree(hashes(20))
    for size in range(1, 21):
        data = leaves(size)
        assert tree.root(size) == slow_root(data)
        for index in range(size):
            path = tree.inclusion_proof(index, size)
            assert path == slow_path(index, data)
            merkle.verify_inclusion(hashes(size)[index], index, size, path, tree.root(size))
            first = index + 1
            proof = tree.consistency_proof(first, size)
            assert proof == slow_proof(first, data)
            merkle.verify_consistency(first, tree.root(first), size, tree.root(size), proof)


@given(st.data())
def test_no_altered_proof_verifies(data):
    size = data.draw(st.integers(1, 40))
    tree = merkle.Tree(hashes(size))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    path = tree.inclusion_proof(index)
    proof = tree.consistency_proof(first)

    def altered(items: list[bytes]) -> list[bytes]:
        kind = data.draw(st.sampled_from(["flip", "drop", "add", "swap"]))
        items = list(items)
        at = data.draw(st.integers(0, max(0, len(items) - 1)))
        if kind == "flip" and items:
            items[at] = bytes([items[at][0] ^ 1]) + items[at][1:]
        elif kind == "drop" and items:
            del items[at]
        elif kind == "swap" and len(items) > 1:
            items[at], items[at - 1] = items[at - 1], items[at]
        else:
            items.insert(at, data.draw(st.binary(min_size=32, max_size=32)))
        return items

    with pytest.raises(IntegrityError):
        merkle.verify_inclusion(hashes(size)[index], index, size, altered(path), tree.root())
    with pytest.raises(IntegrityError):
        merkle.verify_consistency(first, tree.root(first), size, tree.root(), altered(proof))


@given(st.integers(1, 60), st.integers(-2, 70), st.data())
def test_a_path_proves_one_place_only(size, claimed, data):
    tree = merkle.Tree(hashes(size))
    index = data.draw(st.integers(0, size - 1))
    path = tree.inclusion_proof(index)
    if claimed == index:
        merkle.verify_inclusion(hashes(size)[index], claimed, size, path, tree.root())
    else:
        with pytest.raises(IntegrityError):
            merkle.verify_inclusion(hashes(size)[index], claimed, size, path, tree.root())


def test_a_compact_range_goes_on_from_its_stored_state():
    edge = merkle.CompactRange()
    for n, leaf in enumerate(hashes(50)):
        edge = merkle.CompactRange(n, edge.nodes)
        edge.append(leaf)
    assert edge.root() == merkle.root(hashes(50))
    assert len(edge.nodes) == (50).bit_count()


@pytest.mark.parametrize(("size", "nodes"), [(-1, []), (1, []), (2, [b"x" * 32] * 2), (1, [b"short"])])
def test_a_state_that_is_none_is_refused(size, nodes):
    with pytest.raises(IntegrityError):
        merkle.CompactRange(size, nodes)


def test_the_edge_of_every_past_size_goes_on_as_the_tree_did():
    tree = merkle.Tree(hashes(20))
    for size in range(21):
        edge = tree.edge(size)
        assert edge.root() == tree.root(size)
        for leaf in hashes(20)[size:]:
            edge.append(leaf)
        assert edge.root() == tree.root()


def test_a_prover_says_where_its_nodes_are():
    with pytest.raises(NotImplementedError):
        merkle.Prover().root()
    with pytest.raises(NotImplementedError):
        merkle.Prover().node(0, 0)


def test_provers_refuse_what_is_not_there():
    tree = merkle.Tree(hashes(3))
    for call in (
        lambda: tree.inclusion_proof(3),
        lambda: tree.inclusion_proof(-1),
        lambda: tree.inclusion_proof(0, 4),
        lambda: tree.consistency_proof(0),
        lambda: tree.consistency_proof(3, 2),
        lambda: tree.root(-1),
    ):
        with pytest.raises(IndexError):
            call()


def test_verifiers_refuse_what_proves_nothing():
    tree = merkle.Tree(hashes(5))
    for first, second, proof in ((0, 5, []), (6, 5, []), (5, 5, [b"x" * 32]), (3, 5, []), (-1, 5, [])):
        with pytest.raises(IntegrityError):
            merkle.verify_consistency(first, tree.root(), second, tree.root(), proof)
    with pytest.raises(IntegrityError, match="32 bytes"):
        merkle.verify_inclusion(b"short", 0, 1, [], tree.root())
    with pytest.raises(IntegrityError, match="different roots"):
        merkle.verify_consistency(5, tree.root(4), 5, tree.root(), [])


# Published vectors.


def vectors(conformance: Path, name: str) -> dict:
    return json.loads((conformance / "rfc6962" / name).read_text())


def test_published_hashes_and_roots(conformance):
    known = vectors(conformance, "hashes.json")
    inputs = [merkle.leaf_hash(bytes.fromhex(text)) for text in known["leaf_inputs"]]
    assert [leaf.hex() for leaf in inputs] == known["node_hashes"][0]
    tree = merkle.Tree(inputs)
    for level, expected in enumerate(known["node_hashes"]):
        width = 1 << level
        assert [merkle.root(inputs[at : at + width]).hex() for at in range(0, 8, width)] == expected
    assert [tree.root(size).hex() for size in range(9)] == known["roots"]


def test_published_inclusion_proofs(conformance):
    inputs = [merkle.leaf_hash(bytes.fromhex(text)) for text in vectors(conformance, "hashes.json")["leaf_inputs"]]
    tree = merkle.Tree(inputs)
    cases = vectors(conformance, "inclusion.json")["cases"]
    assert len(cases) == 24
    for case in cases:
        proof = [bytes.fromhex(node) for node in case["proof"]]
        arguments = (bytes.fromhex(case["leaf_hash"]), case["index"], case["size"], proof, bytes.fromhex(case["root"]))
        if not case["valid"]:
            with pytest.raises(IntegrityError):
                merkle.verify_inclusion(*arguments)
            continue
        merkle.verify_inclusion(*arguments)
        if case["size"] <= 8 and tree.root(case["size"]) == arguments[4]:
            assert tree.inclusion_proof(case["index"], case["size"]) == proof


def test_published_consistency_proofs(conformance):
    inputs = [merkle.leaf_hash(bytes.fromhex(text)) for text in vectors(conformance, "hashes.json")["leaf_inputs"]]
    tree = merkle.Tree(inputs)
    cases = vectors(conformance, "consistency.json")["cases"]
    assert len(cases) == 9
    for case in cases:
        proof = [bytes.fromhex(node) for node in case["proof"]]
        roots = bytes.fromhex(case["root1"]), bytes.fromhex(case["root2"])
        arguments = (case["size1"], roots[0], case["size2"], roots[1], proof)
        if not case["valid"]:
            with pytest.raises(IntegrityError):
                merkle.verify_consistency(*arguments)
            continue
        merkle.verify_consistency(*arguments)
        assert tree.consistency_proof(case["size1"], case["size2"]) == proof


@given(parts=st.lists(st.integers(0, 40), max_size=6))
def test_adding_many_leaves_at_once_is_adding_one_after_the_other(parts: list[int]) -> None:
    one, many = merkle.CompactRange(), merkle.CompactRange()
    for number, width in enumerate(parts):
        leaves = [merkle.leaf_hash(b"%d %d" % (number, at)) for at in range(width)]
        for leaf in leaves:
            one.append(leaf)
        many.extend(leaves)
        assert (many.size, many.nodes, many.root()) == (one.size, one.nodes, one.root())
