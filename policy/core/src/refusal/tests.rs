//! Tests: a refusal keeps its cause, and discloses nothing of it.

use crate::refusal::{ErrorCode, Refusal};
use std::error::Error as _;

#[derive(Debug, thiserror::Error)]
#[error("page 7 of `secret.db` is torn")]
struct TornPageError(#[source] std::io::Error);

fn plain() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the question could not be evaluated").with_help("ask again")
}

fn caused() -> Refusal {
    plain().caused_by(TornPageError(std::io::Error::other("sector 9")))
}

#[test]
fn the_whole_chain_is_kept_also_by_a_copy() {
    let copy = caused().clone().with_help("or not");
    let chain: Vec<String> = copy.causes().map(ToString::to_string).collect();
    assert_eq!(chain, ["page 7 of `secret.db` is torn", "sector 9"]);
    assert!(copy.source().unwrap().is::<TornPageError>());
    let line = copy.cause_chain().unwrap();
    assert_eq!(line, "page 7 of `secret.db` is torn: sector 9");
    assert_eq!(plain().cause_chain(), None);
}

#[test]
fn a_refusal_below_a_refusal_is_part_of_the_chain() {
    let above = Refusal::new(ErrorCode::StateBroken, "the index can't be read").caused_by(caused());
    let chain = above.cause_chain().unwrap();
    assert!(
        chain.starts_with("INTERNAL: the question could not be evaluated: page 7"),
        "{chain}"
    );
}

#[test]
fn nothing_that_is_shown_or_compared_holds_the_cause() {
    assert_eq!(caused(), plain());
    assert_eq!(caused().to_string(), plain().to_string());
    assert_eq!(format!("{:?}", caused()), format!("{:?}", plain()));
    assert_eq!(format!("{:#?}", caused()), format!("{:#?}", plain()));
}

#[test]
fn an_internal_gets_one_number_and_others_none() {
    let refusal = caused();
    assert!(refusal.lacks_number());
    let refusal = refusal.with_number("7f3a91c2");
    assert!(!refusal.lacks_number());
    let first = refusal.help.first().unwrap();
    assert!(first.starts_with("number `7f3a91c2`"), "{first}");
    assert!(!Refusal::new(ErrorCode::StateBroken, "so").lacks_number());
}
