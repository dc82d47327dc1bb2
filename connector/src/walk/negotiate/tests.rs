//! What follows from a letter is done, whatever came between.

use super::resume::resume;
use super::*;
use crate::node::testing::{TERMS, Town, outbox, post, records, request, said};

fn town() -> Town {
    let mut town = Town::new();
    town.settle("lindau", TERMS);
    town.settle("acme", TERMS);
    let bundle = town.bundle();
    std::fs::write(town.home("lindau").join("bundle.json"), bundle).unwrap();
    town
}

fn phases(node: &Node) -> Vec<String> {
    let rows = node.index(|state| state.negotiations()).unwrap();
    rows.into_iter().map(|row| row.state).collect()
}

/// Takes a letter in up to its record, as a kill would leave it.
async fn only_recorded(node: &Arc<Node>, from: &Node, letter: &Letter) {
    let bytes = proto::letters::to_bytes(letter);
    let led_to = recorded(node, &from.id(), letter, bytes, None)
        .await
        .unwrap();
    assert_eq!(led_to.unwrap().1.len(), 1, "something follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_undone_by_a_crash_is_done_at_the_next_start() {
    let town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = request(&lindau, &acme).await;
    let (_, asked) = outbox(&acme, &lindau).remove(0);
    only_recorded(&lindau, &acme, &asked).await;
    drop(lindau);
    let lindau = town.open("lindau");
    assert_eq!(phases(&lindau), ["REQUESTED"]);
    resume(&lindau, None).await.unwrap();
    assert_eq!(phases(&lindau), ["AGREED"]);
    // Once is enough.
    resume(&lindau, None).await.unwrap();
    let sent = records(&lindau, "letter");
    assert_eq!(
        sent.iter()
            .filter(|one| said(one, "direction") == "out")
            .count(),
        1
    );

    // The consumer has given its word beforehand, and is killed before it keeps it.
    let (_, agreed) = outbox(&lindau, &acme).remove(0);
    only_recorded(&acme, &lindau, &agreed).await;
    drop(acme);
    let acme = town.open("acme");
    assert_eq!(phases(&acme), ["AGREED"]);
    resume(&acme, Some(&lindau.id())).await.unwrap();
    assert_eq!(phases(&acme), ["VERIFIED"]);
    post(&lindau, &acme).await;
    for node in [&lindau, &acme] {
        assert_eq!(phases(node), ["FINALIZED"]);
        assert!(node.book(|book| book.agreement(contract).is_some()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_letter_has_done_what_was_left_undone() {
    let town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let _ = request(&lindau, &acme).await;
    let (_, asked) = outbox(&acme, &lindau).remove(0);
    only_recorded(&lindau, &acme, &asked).await;
    assert_eq!(phases(&lindau), ["REQUESTED"]);
    take_in(&lindau, &acme.id(), &asked, None).await.unwrap();
    assert_eq!(phases(&lindau), ["AGREED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_does_not_stop_what_follows() {
    let town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let _ = request(&lindau, &acme).await;
    let (_, asked) = outbox(&acme, &lindau).remove(0);
    let turn = lindau.desk.lock().await;
    let from = acme.id();
    let mut call = Box::pin(take_in(&lindau, &from, &asked, None));
    assert!(futures::poll!(call.as_mut()).is_pending());
    drop(call);
    drop(turn);
    let agreed = async {
        while phases(&lindau) != ["AGREED"] {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, agreed).await.unwrap();
}
