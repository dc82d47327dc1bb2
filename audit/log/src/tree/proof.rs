//! Verification of proofs, by RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use super::node_hash;
use crate::digest::Digest;

pub(super) fn check_inclusion(
    index: u64,
    size: u64,
    leaf: Digest,
    proof: &[Digest],
    root: Digest,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut node = leaf;
    for step in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            node = node_hash(step, &node);
            skip_right_edge(&mut place, &mut last);
        } else {
            node = node_hash(&node, step);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && node == root
}

pub(super) fn check_consistency(
    from: u64,
    to: u64,
    from_root: Digest,
    to_root: Digest,
    proof: &[Digest],
) -> bool {
    if from > to {
        return false;
    }
    if from == to {
        return proof.is_empty() && from_root == to_root;
    }
    if from == 0 {
        return proof.is_empty() && from_root == Digest::of(&[]);
    }
    let (first, rest) = if from.is_power_of_two() {
        (from_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else {
            return false;
        };
        (*first, rest)
    };
    let (mut place, mut last) = (from - 1, to - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for step in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            skip_right_edge(&mut place, &mut last);
        } else {
            new = node_hash(&new, step);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && old == from_root && new == to_root
}

/// Skips the levels on which the right edge has no sibling.
const fn skip_right_edge(place: &mut u64, last: &mut u64) {
    while *place & 1 == 0 && *place != 0 {
        *place >>= 1;
        *last >>= 1;
    }
}
