//! The word on a receipt is given, whatever came between.

use super::*;
use crate::node::testing::{TERMS, Town, agree, outbox};
use crate::walk::negotiate::resume::resume;
use bytes::Bytes;
use proto::peer::letter::Content;
use proto::receipt::{Leaf, Outcome, Read};
use std::time::Duration;

fn asking() -> Asking {
    Asking {
        ask: policy::ask::Ask {
            request: RequestId(crate::node::fresh()),
            contracts: Vec::new(),
            sql: "SELECT 1".to_owned(),
            purpose: None,
            rows: policy::ask::Rows::All,
        },
        deadline: Some(Duration::from_secs(1)),
        accept: std::collections::BTreeSet::new(),
        small: false,
        credentials: Vec::new(),
    }
}

/// A receipt of lindau over an answer of no rows to that question.
fn received(lindau: &Node, acme: &Node, asked: &Asked) -> Received {
    let digest = Digest::of(b"something");
    let receipt = Receipt {
        request: asked.request,
        provider: lindau.id(),
        consumer: acme.id(),
        reads: vec![Read {
            dataset: "hansa://lindau.example/d/counts".parse().unwrap(),
            contract: ContractId(digest),
            snapshot: "2026-11-20.3".to_owned(),
        }],
        request_digest: asked.digest,
        sql_commit: digest,
        plan_out_digest: digest,
        rows: 0,
        bytes: 0,
        result: ResultDigest([0; 32]),
        outcome: Outcome::Done,
        admitted_at: lindau.now(),
        last_at: lindau.now(),
        leaf: Leaf {
            index: 1,
            hash: digest,
        },
        checkpoint: digest,
    };
    let payload = receipt::to_bytes(&receipt);
    let signature = lindau.sign(Kind::Receipt, Role::Provider, &payload);
    let bytes = envelope::assemble(&payload, &[signature.unwrap()]);
    Received {
        rows: 0,
        bytes: 0,
        digest: [0; 32],
        receipt: Some(Bytes::from(bytes)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_on_a_receipt_is_given_after_a_crash() {
    let mut town = Town::new();
    town.settle("lindau", TERMS);
    town.settle("acme", TERMS);
    let bundle = town.bundle();
    std::fs::write(town.home("lindau").join("bundle.json"), bundle).unwrap();
    let (lindau, acme) = (town.open("lindau"), town.open("acme"));
    let _ = agree(&lindau, &acme).await;
    let before = outbox(&acme, &lindau).len();
    let asked = Asked::of(&asking());
    let came = received(&lindau, &acme, &asked);
    let judged = take_in(&acme, &lindau.id(), &asked, &came, None)
        .await
        .unwrap();
    assert!(judged.countersigned.is_some(), "{:?}", judged.dispute);
    assert_eq!(judged.read.len(), 1);
    // A kill comes between the record and the letter.
    drop(acme);
    let acme = town.open("acme");
    assert_eq!(outbox(&acme, &lindau).len(), before);
    for _ in 0..2 {
        resume(&acme, Some(&lindau.id())).await.unwrap();
        let letters = outbox(&acme, &lindau);
        assert_eq!(letters.len(), before + 1, "once");
        let (_, last) = letters.last().unwrap();
        let Content::Acknowledgement {
            request, receipt, ..
        } = &last.content
        else {
            panic!("{last:?}");
        };
        assert_eq!(*request, asked.request);
        assert_eq!(Some(receipt.to_vec()), judged.countersigned);
    }
}
