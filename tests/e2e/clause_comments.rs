//! Comments on clauses: signed, carried like messages, shown to both, bounded, and over with the negotiation.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::refusal::ErrorCode;
use hansa_proto::comment::CommentStatement;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::message::MessageContent;
use hansa_proto::statement;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::MaliciousPeer;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use serde_json::Value;

const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\n\
    rows = \"site <> 'Insel'\"\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

fn comments(city: &TestParticipant, name: &str) -> Vec<Value> {
    let shown = city
        .hansa(&["--json", "contract", "show", name])
        .must()
        .json();
    shown["comments"].as_array().unwrap().clone()
}

#[test]
fn both_sides_talk_about_a_clause_and_sign_what_they_say() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = league.bikes("planning", TERMS, "officer");
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let name = acme.listed("negotiation").pop().unwrap();
    let say = |city: &TestParticipant, clause: &str, words: &str| {
        city.hansa(&["contract", "comment", &name, "--clause", clause, words])
    };
    say(&acme, "#c3", "why not the small site?").must();
    say(&lindau, "3", "one household lives there").must();
    for side in [&acme, &lindau] {
        let all = comments(side, &name);
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(text(&all[0], "participant"), "acme.example");
        assert_eq!(text(&all[0], "clause"), "#c3");
        assert_eq!(text(&all[1], "text"), "one household lives there");
        assert!(all.iter().all(|one| one["valid"] == true), "{all:?}");
        let page = side.hansa(&["contract", "show", &name]).must().out;
        assert!(page.contains("#c3 acme.example on "), "{page}");
    }

    // Nothing that is no line of text, no clause that is not there, and not without end.
    say(&acme, "99", "which?").refused("NEGOTIATION_STATE", 3);
    say(&acme, "3", "  ").refused("USAGE", 2);
    say(&acme, "3", "a\u{1b}[2Jb").refused("USAGE", 2);
    say(&acme, "3", &"x".repeat(2_001)).refused("USAGE", 2);
    acme.hansa(&["contract", "comment", &name, "--clause", "all", "x"])
        .ends(2);

    // They survive a crash, and are no part of the contract.
    lindau.kill();
    assert_eq!(comments(&lindau, &name).len(), 2);
    lindau.serve();
    acme.hansa(&["peer", "add", lindau.address(), "--id", lindau.domain()])
        .must();
    lindau.hansa(&["contract", "sign", &name]).must();
    let contract = acme.listed("contract").pop().unwrap();
    let export = acme.hansa(&["contract", "export", &contract]).must().out;
    let payload = serde_json::from_str::<Value>(&export).unwrap();
    let payload = hansa_proto::base64url::decode(payload["payload"].as_str().unwrap()).unwrap();
    assert!(!String::from_utf8(payload).unwrap().contains("household"));
    for side in [&acme, &lindau] {
        let late = say(side, "3", "too late").refused("NEGOTIATION_STATE", 3);
        assert!(late.err.contains("over"), "{}", late.err);
        side.verifies();
    }
}

#[test]
fn nobody_comments_without_end() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\n", "");
    lindau.publishes();
    lindau.offers("bikes", "planning", TERMS, "\"league\"", "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.serve();
    let requested = acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    assert!(
        requested.out.contains("requested as n-"),
        "{}",
        requested.out
    );
    let name = acme.listed("negotiation").pop().unwrap();
    let say = |words: &str| acme.hansa(&["contract", "comment", &name, "--clause", "3", words]);
    for number in 0..50 {
        say(&format!("comment {number}")).must();
    }
    say("one more").refused("NEGOTIATION_STATE", 3);
    assert_eq!(comments(&lindau, &name).len(), 50);
    // The other side still may.
    lindau
        .hansa(&["contract", "comment", &name, "--clause", "3", "enough"])
        .must();
    assert_eq!(comments(&lindau, &name).len(), 51);
}

/// A comment as a message, by the key of `signer`, saying that it is of `party`.
fn spoken(of: &CommentFields, signer: &TestParticipant, role: SignatoryRole) -> MessageContent {
    let key = FileSigner::open(&signer.folder().join("keys/signing.key")).unwrap();
    let payload = statement::to_bytes(&CommentStatement {
        negotiation: of.negotiation.clone(),
        contract: of.contract,
        clause: ClauseId(3),
        party: format!("hansa://{}", of.party).parse().unwrap(),
        issued_at: of.at,
        text: "as if".to_owned(),
    });
    let alg = key.algorithm().as_str();
    let seconds = of.at.micros() / 1_000_000;
    let header = envelope::protected_header(StatementKind::Comment, role, alg, key.kid(), seconds);
    let signature = key
        .sign(&envelope::signing_input(&header, &payload))
        .unwrap();
    MessageContent::Comment {
        negotiation: of.negotiation.clone(),
        statement: envelope::assemble_statement(&payload, &[(header, signature)]).into(),
    }
}

/// What a comment is about, and of whom it says to be.
struct CommentFields {
    negotiation: String,
    contract: ContractId,
    party: String,
    at: UtcTimestamp,
}

#[test]
fn a_comment_of_somebody_else_is_none() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let (acme, other) = (league.firm("acme"), league.firm("other"));
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\n", "");
    lindau.publishes();
    lindau.offers("bikes", "planning", TERMS, "\"league\"", "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = acme.listed("negotiation").pop().unwrap();
    let shown = acme
        .hansa(&["--json", "contract", "show", &name])
        .must()
        .json();
    let said = |party: &str| CommentFields {
        negotiation: name.clone(),
        contract: text(&shown, "would_become").parse().unwrap(),
        party: party.to_owned(),
        at: text(&lindau.log().pop().unwrap(), "t").parse().unwrap(),
    };
    let enter =
        |alias| MaliciousPeer::enter(&league, alias, lindau.address(), lindau.domain()).unwrap();
    let (firm, stranger) = (enter("acme"), enter("other"));
    let code = |by: &MaliciousPeer, content: MessageContent| {
        by.send_message(content).err().map(|refusal| refusal.code)
    };
    let own = "acme.example";
    for (by, content, expect) in [
        // Another's key, another's name, another's side, and somebody else's negotiation.
        (
            &firm,
            spoken(&said(own), &other, SignatoryRole::Consumer),
            ErrorCode::SignerNotParty,
        ),
        (
            &firm,
            spoken(&said("lindau.example"), &acme, SignatoryRole::Consumer),
            ErrorCode::SignerNotParty,
        ),
        (
            &firm,
            spoken(&said(own), &acme, SignatoryRole::Provider),
            ErrorCode::SignerNotParty,
        ),
        (
            &stranger,
            spoken(&said("other.example"), &other, SignatoryRole::Consumer),
            ErrorCode::NegotiationUnknown,
        ),
    ] {
        assert_eq!(code(by, content), Some(expect));
    }
    // A spoilt signature; a comment on terms that were never proposed.
    let MessageContent::Comment {
        negotiation,
        statement,
    } = spoken(&said(own), &acme, SignatoryRole::Consumer)
    else {
        panic!("a comment")
    };
    let whole = String::from_utf8(statement.to_vec()).unwrap();
    let at = whole.find("\"signature\":\"").unwrap() + 13;
    let turned = if whole.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let spoilt = format!("{}{turned}{}", &whole[..at], &whole[at + 1..]);
    let content = MessageContent::Comment {
        negotiation,
        statement: spoilt.into(),
    };
    assert_eq!(code(&firm, content), Some(ErrorCode::SignatureInvalid));
    let elsewhere = CommentFields {
        contract: ContractId(Digest::of(b"other terms")),
        ..said(own)
    };
    let content = spoken(&elsewhere, &acme, SignatoryRole::Consumer);
    assert_eq!(code(&firm, content), Some(ErrorCode::NegotiationState));
    assert!(comments(&lindau, &name).is_empty());
    // A good one is taken in, and the fifty-first over the wire is not.
    for _ in 0..50 {
        assert_eq!(
            code(&firm, spoken(&said(own), &acme, SignatoryRole::Consumer)),
            None
        );
    }
    let more = code(&firm, spoken(&said(own), &acme, SignatoryRole::Consumer));
    assert_eq!(more, Some(ErrorCode::NegotiationState));
    assert_eq!(comments(&lindau, &name).len(), 50);
    lindau.verifies();
}
