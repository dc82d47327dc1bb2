//! A withdrawal that can't be checked yet is neither lost nor taken for something else.

use crate::node::testing::{MINUTE, TERMS, Town, agree, closed, id, outbox, records, said};
use crate::walk::{negotiate, revoke};
use hansa_policy::contract::Standing;
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::Code;
use hansa_proto::peer::letter::Content;
use hansa_store::contracts::Kind as Document;

fn town() -> Town {
    let mut town = Town::new();
    town.settle("lindau", TERMS);
    town.settle("acme", TERMS);
    let bundle = town.bundle();
    std::fs::write(town.home("lindau").join("bundle.json"), bundle).unwrap();
    town
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_under_a_new_key_counts_once_the_bundle_is_here() {
    let mut town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&lindau, &acme).await;
    let first = outbox(&lindau, &acme).len();
    drop(lindau);
    town.another_key("lindau");
    let lindau = town.open("lindau");
    let statement = revoke::own_now(&lindau, contract, &TypedLine::cut("over")).unwrap();
    let content = Content::Withdrawal {
        statement: statement.into(),
    };
    negotiate::send(&lindau, &acme.id(), content, false)
        .await
        .unwrap();
    let (number, letter) = outbox(&lindau, &acme).remove(first);

    let before = acme.log.size();
    let taken = negotiate::take_in(&acme, &id("lindau"), &letter, Some(number)).await;
    assert_eq!(taken.unwrap_err().code, Code::SignerNotParty);
    // Nothing says that it is here, so it is not forgotten there.
    assert_eq!(acme.log.size(), before);
    assert!(acme.index(|state| state.taken_in(&id("lindau"))).unwrap() < number);

    assert!(acme.take_bundle(&town.bundle()).unwrap());
    negotiate::take_in(&acme, &id("lindau"), &letter, Some(number))
        .await
        .unwrap();
    let standing = acme.book(|book| book.all(acme.now()).map(|(_, _, s)| s).next());
    assert_eq!(standing, Some(Standing::Withdrawn));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_can_not_be_used_is_on_the_books_with_the_reason() {
    let mut town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&lindau, &acme).await;
    drop(lindau);
    town.another_key("lindau");
    let lindau = town.open("lindau");
    let statement = revoke::own_now(&lindau, contract, &TypedLine::cut("over")).unwrap();
    let content = Content::Withdrawal {
        statement: statement.into(),
    };
    negotiate::send(&lindau, &acme.id(), content, false)
        .await
        .unwrap();
    let (number, letter) = outbox(&lindau, &acme).pop().unwrap();
    let why = negotiate::take_in(&acme, &id("lindau"), &letter, Some(number)).await;
    negotiate::refuse(&acme, &id("lindau"), &letter, number, &why.unwrap_err())
        .await
        .unwrap();
    let noted = records(&acme, "letter").pop().unwrap();
    assert_eq!(said(&noted, "refused"), "SIGNER_NOT_PARTY");
    assert_eq!(said(&noted, "kind"), "withdrawal");
    let taken = acme.index(|state| state.taken_in(&id("lindau"))).unwrap();
    assert_eq!(taken, number);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_lay_in_the_outbox_longer_than_its_key_lasts_counts() {
    let mut town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&lindau, &acme).await;
    town.pass(MINUTE);
    let statement = revoke::own_now(&lindau, contract, &TypedLine::cut("over")).unwrap();
    drop(lindau);
    town.pass(MINUTE);
    town.another_key("lindau");
    assert!(acme.take_bundle(&town.bundle()).unwrap());
    let bundle = acme.trust.bundle();
    let keys = &bundle.member(&id("lindau")).unwrap().keys;
    assert!(!keys[0].counts_at(acme.now()), "the old key is over");
    revoke::take_in(&acme, &statement).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_by_a_revoked_key_is_not_dated_back() {
    let mut town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&lindau, &acme).await;
    town.pass(MINUTE);
    // As a thief of the key would sign it later: it bears a time at which the key was good.
    let statement = revoke::own_now(&lindau, contract, &TypedLine::cut("over")).unwrap();
    town.pass(MINUTE);
    town.revokes_key("lindau");
    assert!(acme.take_bundle(&town.bundle()).unwrap());
    town.pass(MINUTE);
    let refused = revoke::take_in(&acme, &statement).unwrap_err();
    assert_eq!(refused.code, Code::KeyRevoked);
    assert!(refused.sentence.contains("first seen"), "{refused}");
    assert_eq!(records(&acme, "withdraw").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_letter_of_a_withdrawal_is_written_after_a_crash() {
    let town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&lindau, &acme).await;
    let before = outbox(&lindau, &acme).len();
    assert!(revoke::untold(&lindau).unwrap().is_empty());
    // It dies between the record and the letter.
    let statement = revoke::own_now(&lindau, contract, &TypedLine::cut("over")).unwrap();
    closed(lindau).await;
    let lindau = town.open("lindau");
    let untold = revoke::untold(&lindau).unwrap();
    assert_eq!(untold, [(id("acme"), statement.clone())]);
    revoke::tell(&lindau, untold).await;
    let (number, letter) = outbox(&lindau, &acme).remove(before);
    negotiate::take_in(&acme, &id("lindau"), &letter, Some(number))
        .await
        .unwrap();
    let standing = acme.book(|book| book.all(acme.now()).map(|(_, _, s)| s).next());
    assert_eq!(standing, Some(Standing::Withdrawn));
    // Once: also the other side has nothing to tell of it.
    for node in [&lindau, &acme] {
        assert!(revoke::untold(node).unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_that_gets_no_file_holds_by_its_record() {
    let town = town();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&lindau, &acme).await;
    // No file can be made there.
    let folder = town.home("lindau").join("state/withdrawals");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    let statement = revoke::own_now(&lindau, contract, &TypedLine::cut("over")).unwrap();
    let standing = lindau.book(|book| book.all(lindau.now()).map(|(_, _, s)| s).next());
    assert_eq!(standing, Some(Standing::Withdrawn));
    let record = records(&lindau, "withdraw").pop().unwrap();
    assert_eq!(said(&record, "envelope").as_bytes(), statement);
    closed(lindau).await;
    std::fs::remove_file(&folder).unwrap();
    let lindau = town.open("lindau");
    let standing = lindau.book(|book| book.all(lindau.now()).map(|(_, _, s)| s).next());
    assert_eq!(standing, Some(Standing::Withdrawn));
    assert_eq!(
        lindau.documents.all(Document::Withdrawal).unwrap(),
        std::slice::from_ref(&statement)
    );
    let untold = revoke::untold(&lindau).unwrap();
    assert_eq!(untold, [(id("acme"), statement)]);
}
