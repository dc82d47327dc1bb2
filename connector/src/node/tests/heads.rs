//! What a log's owner has shown is held against whatever it shows later, proven or not, and what forked is vouched for no more.

use crate::node::Node;
use crate::node::testing::{TERMS, Town, id, records};
use bytes::Bytes;
use evidence::digest::Digest;
use evidence::note::{Checkpoint, SignedHead, origin};
use evidence::tree::{Tree, leaf_hash};
use keep::audit::key::LogKey;
use policy::id::ParticipantId;
use proto::peer::witness::{Growth, Seen, Shown};
use std::sync::Arc;

/// A log that somebody makes up, with its true key.
struct Made {
    tree: Tree,
    key: LogKey,
}

impl Made {
    /// Sixty records; those from `from` on are of the branch `branch`.
    fn new(town: &Town, from: u64, branch: &str) -> Self {
        let leaf = |at: u64| {
            let branch = if at < from { "" } else { branch };
            leaf_hash(format!("{branch}{at}").as_bytes())
        };
        let file = town.home("acme").join("keys/note.pem");
        Self {
            tree: Tree::of((0..60).map(leaf)),
            key: LogKey::open(&file, "acme.example").unwrap(),
        }
    }

    fn head(&self, size: u64) -> Bytes {
        let checkpoint = Checkpoint {
            origin: origin("acme.example"),
            size,
            root: self.tree.root(size).unwrap_or(Digest::of(b"")),
        };
        let head = SignedHead::sign(checkpoint, &self.key).unwrap();
        head.to_string().into()
    }

    /// Shows a head with the proofs that the log goes on from these sizes.
    async fn shows(&self, node: &Arc<Node>, size: u64, from: &[u64]) -> Seen {
        let proof = |from: &u64| Growth {
            from: *from,
            hashes: self.tree.consistency(*from, size).unwrap(),
        };
        let shown = Shown {
            head: self.head(size),
            growth: from.iter().map(proof).collect(),
            witnessed: None,
        };
        node.judge_head(&acme(), &shown).await.unwrap()
    }
}

fn acme() -> ParticipantId {
    id("acme")
}

fn town() -> (Town, Arc<Node>) {
    let mut town = Town::new();
    town.settle("lindau", TERMS);
    town.settle("acme", TERMS);
    std::fs::write(town.home("lindau").join("bundle.json"), town.bundle()).unwrap();
    let node = town.open("lindau");
    (town, node)
}

fn cosigned(seen: &Seen) -> bool {
    matches!(seen, Seen::Witnessed(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_never_proven_is_held_against_new_ones() {
    let (town, node) = town();
    let (one, other) = (Made::new(&town, 0, ""), Made::new(&town, 15, "other "));
    assert!(cosigned(&one.shows(&node, 10, &[]).await));
    // Greetings bring heads that nobody has proven.
    node.see_head(&acme(), &other.head(20)).await.unwrap();
    node.see_head(&acme(), &one.head(30)).await.unwrap();
    assert_eq!(records(&node, "log_fork").len(), 0);
    // It went on from the first and from the last: the one between is asked for, too.
    let seen = one.shows(&node, 40, &[10, 30]).await;
    assert_eq!(seen, Seen::Wanted(vec![other.head(20)]));
    let seen = one.shows(&node, 40, &[10, 20, 30]).await;
    assert_eq!(seen, Seen::Refuted(other.head(20)));
    assert_eq!(records(&node, "log_fork").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_of_one_size_are_compared_whoever_has_proven_them() {
    let (town, node) = town();
    let (one, other) = (Made::new(&town, 0, ""), Made::new(&town, 15, "other "));
    assert!(cosigned(&one.shows(&node, 10, &[]).await));
    node.see_head(&acme(), &one.head(20)).await.unwrap();
    assert!(cosigned(&one.shows(&node, 30, &[10, 20]).await));
    // An older one than the newest that is known, and of no size that was proven here.
    node.see_head(&acme(), &other.head(20)).await.unwrap();
    assert_eq!(records(&node, "log_fork").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forked_is_not_cosigned_any_more() {
    let (town, node) = town();
    let (one, other) = (Made::new(&town, 0, ""), Made::new(&town, 15, "other "));
    assert!(cosigned(&one.shows(&node, 20, &[]).await));
    let first = node.checked_head(&acme(), &one.head(20)).unwrap();
    node.heads.to_be_cosigned(&acme(), first.clone());
    assert!(node.witness(&acme()).is_some());
    node.see_head(&acme(), &other.head(20)).await.unwrap();
    assert_eq!(records(&node, "log_fork").len(), 1);
    // It goes on from the head that was cosigned before, with a good proof; and so does the other history.
    let seen = one.shows(&node, 40, &[20]).await;
    assert_eq!(seen, Seen::Refuted(other.head(20)));
    let seen = other.shows(&node, 40, &[20]).await;
    assert!(!cosigned(&seen), "{seen:?}");
    // What was to be cosigned when the fork was found is not.
    node.heads.to_be_cosigned(&acme(), first);
    assert!(node.witness(&acme()).is_none());
    assert_eq!(records(&node, "log_fork").len(), 1);
    // Nor after a restart without an index.
    crate::node::testing::closed(node).await;
    let state = town.home("lindau").join("state");
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(state.join(file));
    }
    let node = town.open("lindau");
    assert!(!cosigned(&one.shows(&node, 40, &[20]).await));
}
