//! Tests: heads shown by a log's owner are compared with all later ones, proven or not. A forked log is no longer cosigned.

use crate::participant::Connector;
use crate::participant::testing::{TestFederation, participant_id, records_of_kind};
use crate::participant::tests::bounded_messages::use_up;
use crate::peer::peer_allowances::CountedAction;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{Checkpoint, SignedHead, log_origin};
use hansa_audit_log::tree::{MerkleTree, leaf_hash};
use hansa_audit_store::key::LogSigningKey;
use hansa_policy::id::ParticipantId;
use hansa_proto::peer::witness::{CosignOutcome, HeadConsistencyProof, HeadSubmission};
use std::sync::Arc;

/// Fabricated log with its real key.
struct FabricatedLog {
    tree: MerkleTree,
    key: LogSigningKey,
}

impl FabricatedLog {
    /// Makes sixty records; those from `from` on are of the branch `branch`.
    fn new(federation: &TestFederation, from: u64, branch: &str) -> Self {
        let leaf = |at: u64| {
            let branch = if at < from { "" } else { branch };
            leaf_hash(format!("{branch}{at}").as_bytes())
        };
        let file = federation.home("acme").join("keys/note.pem");
        Self {
            tree: MerkleTree::of((0..60).map(leaf)),
            key: LogSigningKey::open(&file, "acme.example").unwrap(),
        }
    }

    fn head(&self, size: u64) -> Bytes {
        let checkpoint = Checkpoint {
            origin: log_origin("acme.example"),
            size,
            root: self.tree.root(size).unwrap_or(Digest::of(b"")),
        };
        let head = SignedHead::sign(checkpoint, &self.key).unwrap();
        head.to_string().into()
    }

    /// Shows a head with the proofs of growth from these sizes.
    async fn shows(&self, connector: &Arc<Connector>, size: u64, from: &[u64]) -> CosignOutcome {
        let proof = |from: &u64| HeadConsistencyProof {
            from: *from,
            hashes: self.tree.consistency_proof(*from, size).unwrap(),
        };
        let submission = HeadSubmission {
            head: self.head(size),
            growth: from.iter().map(proof).collect(),
            witnessed: None,
        };
        connector.judge_head(&acme(), &submission).await.unwrap()
    }
}

fn acme() -> ParticipantId {
    participant_id("acme")
}

fn test_federation() -> (TestFederation, Arc<Connector>) {
    let federation = TestFederation::of_two();
    let connector = federation.open("lindau");
    (federation, connector)
}

fn cosigned(outcome: &CosignOutcome) -> bool {
    matches!(outcome, CosignOutcome::Witnessed(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_was_never_proven_is_held_against_new_ones() {
    let (federation, connector) = test_federation();
    let (one, other) = (
        FabricatedLog::new(&federation, 0, ""),
        FabricatedLog::new(&federation, 15, "other "),
    );
    assert!(cosigned(&one.shows(&connector, 10, &[]).await));
    // Greetings bring heads without proofs.
    connector.see_head(&acme(), &other.head(20)).await.unwrap();
    connector.see_head(&acme(), &one.head(30)).await.unwrap();
    assert_eq!(records_of_kind(&connector, "log_fork").len(), 0);
    // The log extends the first and the last head; a proof from the one between is requested, too.
    let outcome = one.shows(&connector, 40, &[10, 30]).await;
    assert_eq!(outcome, CosignOutcome::Wanted(vec![other.head(20)]));
    let outcome = one.shows(&connector, 40, &[10, 20, 30]).await;
    assert_eq!(outcome, CosignOutcome::Refuted(other.head(20)));
    assert_eq!(records_of_kind(&connector, "log_fork").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_so_many_heads_in_the_log() {
    let (federation, connector) = test_federation();
    let log = FabricatedLog::new(&federation, 0, "");
    assert!(cosigned(&log.shows(&connector, 10, &[]).await));
    let before = connector.records.log.size();
    use_up(&connector, CountedAction::Head);
    // One more head has room every ten seconds.
    for size in 11..40 {
        connector.see_head(&acme(), &log.head(size)).await.unwrap();
    }
    let submission = HeadSubmission {
        head: log.head(50),
        growth: Vec::new(),
        witnessed: None,
    };
    // A head without room in the log is not cosigned.
    let judged = connector.judge_head(&acme(), &submission).await;
    assert!(!judged.is_ok_and(|outcome| cosigned(&outcome)));
    assert!(connector.records.log.size() <= before + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_of_one_size_are_compared_whoever_has_proven_them() {
    let (federation, connector) = test_federation();
    let (one, other) = (
        FabricatedLog::new(&federation, 0, ""),
        FabricatedLog::new(&federation, 15, "other "),
    );
    assert!(cosigned(&one.shows(&connector, 10, &[]).await));
    connector.see_head(&acme(), &one.head(20)).await.unwrap();
    assert!(cosigned(&one.shows(&connector, 30, &[10, 20]).await));
    // An older head than the newest known one, and of a size without a proof here.
    connector.see_head(&acme(), &other.head(20)).await.unwrap();
    assert_eq!(records_of_kind(&connector, "log_fork").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_forked_is_not_cosigned_any_more() {
    let (federation, connector) = test_federation();
    let (one, other) = (
        FabricatedLog::new(&federation, 0, ""),
        FabricatedLog::new(&federation, 15, "other "),
    );
    assert!(cosigned(&one.shows(&connector, 20, &[]).await));
    let first = connector.checked_head(&acme(), &one.head(20)).unwrap();
    connector.peers.heads.to_be_cosigned(&acme(), first.clone());
    assert!(connector.cosign_peer_head(&acme()).is_some());
    connector.see_head(&acme(), &other.head(20)).await.unwrap();
    assert_eq!(records_of_kind(&connector, "log_fork").len(), 1);
    // The head extends the cosigned one with a valid proof, and so does the other history.
    let outcome = one.shows(&connector, 40, &[20]).await;
    assert_eq!(outcome, CosignOutcome::Refuted(other.head(20)));
    let outcome = other.shows(&connector, 40, &[20]).await;
    assert!(!cosigned(&outcome), "{outcome:?}");
    // A head that was to be cosigned when the fork was found is not.
    connector.peers.heads.to_be_cosigned(&acme(), first);
    assert!(connector.cosign_peer_head(&acme()).is_none());
    assert_eq!(records_of_kind(&connector, "log_fork").len(), 1);
    // Nor after a restart without an index.
    crate::participant::testing::close_participant(connector).await;
    let state = federation.home("lindau").join("state");
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(state.join(file));
    }
    let connector = federation.open("lindau");
    assert!(!cosigned(&one.shows(&connector, 40, &[20]).await));
}

/// Restarts the participant without an index.
async fn restarted(federation: &TestFederation, connector: Arc<Connector>) -> Arc<Connector> {
    crate::participant::testing::close_participant(connector).await;
    let state = federation.home("lindau").join("state");
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(state.join(file));
    }
    federation.open("lindau")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_heads_that_come_at_once_the_second_is_held_against_the_first() {
    let (one, two) = (participant_id("beta"), participant_id("gamma"));
    for way in 0..4 {
        let (federation, connector) = test_federation();
        let (here, there) = (
            FabricatedLog::new(&federation, 0, ""),
            FabricatedLog::new(&federation, 15, "other "),
        );
        let (first, second) = ([here.head(20)], [there.head(20)]);
        // Neither head is in our log when the other one arrives.
        match way {
            0 => {
                let (owner, owner_too) = (acme(), acme());
                let both = tokio::join!(
                    connector.see_head(&owner, &first[0]),
                    connector.see_head(&owner_too, &second[0])
                );
                assert!(both.0.is_ok() && both.1.is_ok());
            }
            1 => {
                let both = tokio::join!(
                    connector.take_in_heads(&one, &first),
                    connector.take_in_heads(&two, &second)
                );
                assert!(both.0.is_ok() && both.1.is_ok());
            }
            2 => {
                let owner = acme();
                let both = tokio::join!(
                    connector.see_head(&owner, &first[0]),
                    connector.take_in_heads(&two, &second)
                );
                assert!(both.0.is_ok() && both.1.is_ok());
            }
            _ => {
                let both = tokio::join!(
                    here.shows(&connector, 20, &[]),
                    connector.take_in_heads(&two, &second)
                );
                assert!(both.1.is_ok());
            }
        }
        assert_eq!(
            records_of_kind(&connector, "log_fork").len(),
            1,
            "way {way}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_of_a_log_before_its_owner_was_met_is_not_forgotten() {
    let (federation, connector) = test_federation();
    let (one, other) = (
        FabricatedLog::new(&federation, 0, ""),
        FabricatedLog::new(&federation, 15, "other "),
    );
    connector
        .take_in_heads(&participant_id("beta"), &[one.head(20)])
        .await
        .unwrap();
    // Once each, and only newer ones.
    connector
        .take_in_heads(&participant_id("beta"), &[one.head(20)])
        .await
        .unwrap();
    connector
        .take_in_heads(&participant_id("beta"), &[one.head(10)])
        .await
        .unwrap();
    assert_eq!(records_of_kind(&connector, "checkpoint_gossiped").len(), 1);
    let connector = restarted(&federation, connector).await;
    // It is still passed on, and its owner's heads are compared with it.
    assert_eq!(connector.heads_to_gossip(), [one.head(20)]);
    let outcome = other.shows(&connector, 40, &[]).await;
    assert_eq!(outcome, CosignOutcome::Wanted(vec![one.head(20)]));
    let outcome = other.shows(&connector, 40, &[20]).await;
    assert_eq!(outcome, CosignOutcome::Refuted(one.head(20)));
    let forks = records_of_kind(&connector, "log_fork");
    assert_eq!(forks.len(), 1);
    assert_eq!(
        crate::participant::testing::record_text(&forks[0], "via"),
        "hansa://beta.example"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_bears_out_the_head_that_it_is_of_and_no_other() {
    let (federation, connector) = test_federation();
    let (one, other) = (
        FabricatedLog::new(&federation, 0, ""),
        FabricatedLog::new(&federation, 15, "other "),
    );
    // Two heads of one size, as records of older versions can contain.
    for head in [&one, &other] {
        let head = connector.checked_head(&acme(), &head.head(20)).unwrap();
        connector
            .note_head(&acme(), &head, false, &[])
            .await
            .unwrap();
    }
    let newer = connector.checked_head(&acme(), &one.head(30)).unwrap();
    let before = connector.checked_head(&acme(), &one.head(20)).unwrap();
    let over = [&before.checkpoint];
    connector
        .note_head(&acme(), &newer, true, &over)
        .await
        .unwrap();
    let connector = restarted(&federation, connector).await;
    let unproven = connector
        .records
        .index(|state| state.unproven_of(&acme(), 9))
        .unwrap();
    let notes: Vec<Bytes> = unproven.into_iter().map(|row| row.note.into()).collect();
    assert_eq!(notes, [other.head(20)]);
}
