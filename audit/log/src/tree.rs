//! Hash tree of RFC 9162 (for SHA-256 equal to RFC 6962): roots, inclusion and consistency proofs.
//!
//! A root commits to every record and its place. An inclusion proof shows that one record is under a root; a consistency proof
//! shows that one root continues another. Each is a few dozen digests, whatever the size of the log.

use crate::digest::Digest;

mod proof;
#[cfg(test)]
mod tests;

/// Hash of a record as a leaf.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], record])
}

/// Hash of an inner node.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// True if `proof` shows that `leaf` stands at `index` of the tree of `size` leaves with this `root`.
#[must_use]
pub fn check_inclusion(
    index: u64,
    size: u64,
    leaf: Digest,
    proof: &[Digest],
    root: Digest,
) -> bool {
    proof::check_inclusion(index, size, leaf, proof, root)
}

/// True if `proof` shows that the tree of size `to` continues the tree of size `from`.
#[must_use]
pub fn check_consistency(
    from: u64,
    to: u64,
    from_root: Digest,
    to_root: Digest,
    proof: &[Digest],
) -> bool {
    proof::check_consistency(from, to, from_root, to_root, proof)
}

/// Right edge of a growing tree: enough to add leaves and to compute the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompactRange {
    size: u64,
    /// Roots of the complete subtrees, the largest first; one for each set bit of `size`.
    peaks: Vec<Digest>,
}

impl CompactRange {
    /// Edge of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Root; for the empty tree the hash of no bytes.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else {
            return Digest::of(&[]);
        };
        peaks.fold(*smallest, |right, left| node_hash(left, &right))
    }
}

/// Complete tree in memory: 64 bytes for each leaf, every proof in logarithmic time.
#[derive(Debug, Clone, Default)]
pub struct MerkleTree {
    /// Node `levels[k][i]` is the root of the complete subtree over the leaves from `i << k` to `(i + 1) << k`.
    levels: Vec<Vec<Digest>>,
}

impl MerkleTree {
    /// Empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Tree of these leaves.
    #[must_use]
    pub fn of(leaves: impl IntoIterator<Item = Digest>) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            tree.push(leaf);
        }
        tree
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels
            .first()
            .map_or(0, |leaves| u64::try_from(leaves.len()).unwrap_or(u64::MAX))
    }

    /// Leaf at `index`.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.node(0, index)
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        let mut depth = 0;
        loop {
            if self.levels.len() == depth {
                self.levels.push(Vec::new());
            }
            let Some(level) = self.levels.get_mut(depth) else {
                return;
            };
            level.push(node);
            // A node with a left neighbour completes the subtree above both.
            match level.as_slice() {
                [.., left, right] if level.len() % 2 == 0 => node = node_hash(left, right),
                _ => return,
            }
            depth += 1;
        }
    }

    /// Root of the tree at `size` leaves; none if the tree has fewer.
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Digest> {
        if size == 0 {
            return Some(Digest::of(&[]));
        }
        self.range_root(0, size)
    }

    /// Inclusion proof of the leaf at `index` in the tree of `size` leaves.
    #[must_use]
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.size() {
            return None;
        }
        let mut proof = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + left_subtree_width(end - start);
            if index < middle {
                proof.push(self.range_root(middle, end)?);
                end = middle;
            } else {
                proof.push(self.range_root(start, middle)?);
                start = middle;
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// Proof that the tree of size `to` continues the tree of size `from`; empty for equal sizes and from size 0.
    #[must_use]
    pub fn consistency_proof(&self, from: u64, to: u64) -> Option<Vec<Digest>> {
        if from > to || to > self.size() {
            return None;
        }
        let mut proof = Vec::new();
        if from == 0 || from == to {
            return Some(proof);
        }
        let (mut start, mut end) = (0, to);
        while end != from {
            let middle = start + left_subtree_width(end - start);
            if from <= middle {
                proof.push(self.range_root(middle, end)?);
                end = middle;
            } else {
                proof.push(self.range_root(start, middle)?);
                start = middle;
            }
        }
        // The reader knows the old tree's last subtree only if it is the whole old tree.
        if start > 0 {
            proof.push(self.range_root(start, end)?);
        }
        proof.reverse();
        Some(proof)
    }

    /// Root of the complete subtree over the `1 << depth` leaves from `index << depth` on.
    #[must_use]
    pub fn subtree_root(&self, depth: u32, index: u64) -> Option<Digest> {
        self.node(usize::try_from(depth).ok()?, index)
    }

    fn node(&self, depth: usize, index: u64) -> Option<Digest> {
        let index = usize::try_from(index).ok()?;
        self.levels.get(depth)?.get(index).copied()
    }

    /// Root over the leaves from `start` to `end`; `start` is a multiple of the largest power of two in the range.
    fn range_root(&self, start: u64, end: u64) -> Option<Digest> {
        let width = end.checked_sub(start)?;
        if width.is_power_of_two() {
            let depth = width.trailing_zeros();
            return self.node(usize::try_from(depth).ok()?, start >> depth);
        }
        let middle = start + left_subtree_width(width);
        Some(node_hash(
            &self.range_root(start, middle)?,
            &self.range_root(middle, end)?,
        ))
    }
}

/// Largest power of two below `width`, which is at least 2.
const fn left_subtree_width(width: u64) -> u64 {
    1 << (63 - (width - 1).leading_zeros())
}
