//! Tests with published vectors, and of every proof of every small tree against the definition.

use super::{CompactRange, MerkleTree, check_consistency, check_inclusion, leaf_hash, node_hash};
use crate::digest::Digest;

/// Leaves and roots in the tests of Certificate Transparency.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Root by the definition, literally.
fn defined(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(&[]),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(&defined(&leaves[..k]), &defined(&leaves[k..]))
        }
    }
}

fn some_leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

#[test]
fn published_vectors() {
    let tree = MerkleTree::of(LEAVES.iter().map(|leaf| leaf_hash(leaf)));
    let mut frontier = CompactRange::new();
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(frontier.root().to_string(), *root);
        assert_eq!(tree.root(size as u64).unwrap().to_string(), *root);
        if let Some(leaf) = LEAVES.get(size) {
            frontier.push(leaf_hash(leaf));
        }
    }
    let hex = |proof: Vec<Digest>| proof.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        hex(tree.inclusion_proof(5, 8).unwrap()),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hex(tree.consistency_proof(6, 8).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn roots_as_defined() {
    let leaves = some_leaves(70);
    let tree = MerkleTree::of(leaves.iter().copied());
    let mut frontier = CompactRange::new();
    for size in 0..=leaves.len() {
        let root = defined(&leaves[..size]);
        assert_eq!(frontier.root(), root);
        assert_eq!(tree.root(size as u64), Some(root));
        if let Some(leaf) = leaves.get(size) {
            frontier.push(*leaf);
        }
    }
    assert_eq!(tree.root(71), None);
    assert_eq!(frontier.size(), 70);
}

#[test]
fn every_inclusion_proof() {
    let leaves = some_leaves(33);
    let tree = MerkleTree::of(leaves.iter().copied());
    for size in 1..=33_u64 {
        let root = tree.root(size).unwrap();
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size).unwrap();
            let leaf = leaves[index as usize];
            assert!(check_inclusion(index, size, leaf, &proof, root));
            for other in 0..size {
                if other != index {
                    assert!(!check_inclusion(other, size, leaf, &proof, root));
                }
            }
            assert!(!check_inclusion(index, size, leaf_hash(b"x"), &proof, root));
            for place in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[place] = leaf_hash(b"x");
                assert!(!check_inclusion(index, size, leaf, &wrong, root));
                wrong.remove(place);
                assert!(!check_inclusion(index, size, leaf, &wrong, root));
            }
            let mut long = proof.clone();
            long.push(root);
            assert!(!check_inclusion(index, size, leaf, &long, root));
        }
        assert_eq!(tree.inclusion_proof(size, size), None);
    }
    assert_eq!(tree.inclusion_proof(0, 34), None);
}

#[test]
fn every_consistency_proof() {
    let leaves = some_leaves(33);
    let tree = MerkleTree::of(leaves.iter().copied());
    let forked =
        MerkleTree::of(std::iter::once(leaf_hash(b"x")).chain(leaves[1..].iter().copied()));
    for to in 0..=33_u64 {
        let to_root = tree.root(to).unwrap();
        for from in 0..=to {
            let from_root = tree.root(from).unwrap();
            let proof = tree.consistency_proof(from, to).unwrap();
            assert!(check_consistency(from, to, from_root, to_root, &proof));
            if from == 0 || from == to {
                assert!(proof.is_empty());
                assert!(!check_consistency(from, to, from_root, to_root, &[to_root]));
                continue;
            }
            let other = forked.root(from).unwrap();
            assert!(!check_consistency(from, to, other, to_root, &proof));
            let other = forked.root(to).unwrap();
            assert!(!check_consistency(from, to, from_root, other, &proof));
            assert!(!check_consistency(from - 1, to, from_root, to_root, &proof));
            assert!(!check_consistency(to, from, to_root, from_root, &proof));
            for place in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[place] = leaf_hash(b"x");
                assert!(!check_consistency(from, to, from_root, to_root, &wrong));
                wrong.remove(place);
                assert!(!check_consistency(from, to, from_root, to_root, &wrong));
            }
        }
    }
    assert_eq!(tree.consistency_proof(1, 34), None);
    assert_eq!(tree.consistency_proof(2, 1), None);
}
