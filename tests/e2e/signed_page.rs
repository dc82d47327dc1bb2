//! What was shown is what was signed: the page of a contract, its language and digest, from the request to a stranger's check.

use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use serde_json::Value;

const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\n\
    duties = [\"delete-after 30 days\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

fn pair(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    league.bikes("planning", TERMS, "officer")
}

fn digest_of(page: &str) -> String {
    hansa_audit_log::digest::Digest::of(page.as_bytes()).to_string()
}

fn shown(city: &TestParticipant, id: &str, more: &[&str]) -> Value {
    let args = [&["--json", "contract", "show", id], more].concat();
    city.hansa(&args).must().json()
}

#[test]
fn the_page_that_both_see_is_the_page_that_both_sign() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league);
    acme.hansa(&[
        "contract",
        "request",
        "lindau.bikes",
        "--sign",
        "--language",
        "de",
    ])
    .must();
    let name = lindau.listed("negotiation").pop().unwrap();
    let before = shown(&lindau, &name, &[]);
    let page = text(&before, "page");
    assert!(
        page.contains("Vereinbart, technisch nicht durchgesetzt"),
        "{page}"
    );
    assert_eq!(text(&before["shown"], "form"), "page/1");
    assert_eq!(text(&before["shown"], "language"), "de");
    assert_eq!(text(&before["shown"], "sha256"), digest_of(&page));

    lindau.hansa(&["contract", "sign", &name]).must();
    let contract = acme.listed("contract").pop().unwrap();
    for side in [&acme, &lindau] {
        let after = shown(side, &contract, &[]);
        assert_eq!(
            after["page"], before["page"],
            "what is read is what was signed"
        );
        assert_eq!(after["shown"], before["shown"]);
        // Who reads another language is told that it is not that which was signed.
        let english = shown(side, &contract, &["--language", "en"]);
        assert_ne!(english["page"], before["page"]);
        assert_eq!(english["shown"], before["shown"]);
        let words = side
            .hansa(&["contract", "show", &contract, "--language", "en"])
            .must();
        assert!(words.out.contains("this is a translation"), "{}", words.out);
        assert!(words.out.contains("page/1 in German"), "{}", words.out);
    }

    // The digest is in the bytes that both signed, and a stranger's check makes the page again.
    acme.hansa(&["contract", "export", &contract, "--output", "contract.json"])
        .must();
    let output = acme.hansa(&["contract", "verify", "contract.json"]).must();
    assert!(output.out.contains(&page), "{}", output.out);
    let bytes = std::fs::read(acme.folder().join("contract.json")).unwrap();
    let signed = envelope::parse_contract(&bytes).unwrap();
    let (agreement, at) = (signed.agreement, signed.signatures[0].issued_at);
    let payload = String::from_utf8(hansa_proto::contract::to_bytes(&agreement)).unwrap();
    assert_eq!(payload.matches(&digest_of(&page)).count(), 1);

    // Both signatures hold, but what was shown was something else.
    let forged = payload.replace(&digest_of(&page), &digest_of("a harmless page"));
    let sign = |city: &TestParticipant, role: SignatoryRole| {
        let signer = FileSigner::open(&city.folder().join("keys/signing.key")).unwrap();
        let alg = signer.algorithm().as_str();
        let header =
            envelope::protected_header(StatementKind::Agreement, role, alg, signer.kid(), at);
        let input = envelope::signing_input(&header, forged.as_bytes());
        let signature = signer.sign(&input).unwrap();
        (header, signature)
    };
    let both = [
        sign(&lindau, SignatoryRole::Provider),
        sign(&acme, SignatoryRole::Consumer),
    ];
    let envelope = envelope::assemble_statement(forged.as_bytes(), &both);
    std::fs::write(acme.folder().join("forged.json"), envelope).unwrap();
    acme.hansa(&["contract", "verify", "forged.json"])
        .refused("RENDERING_DIFFERS", 6);
}

#[test]
fn a_participant_has_its_own_language() {
    let league = TestLeague::new(super::binary());
    let (_lindau, acme) = pair(&league);
    let file = acme.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let write = |tag: &str| {
        let set = config.replacen(
            "[participant]\n",
            &format!("[participant]\nlanguage = \"{tag}\"\n"),
            1,
        );
        assert_ne!(set, config);
        std::fs::write(&file, set).unwrap();
    };
    write("fi");
    let wrong = acme.hansa(&["check"]).refused("CONFIG_INVALID", 6);
    assert!(wrong.err.contains("participant.language"), "{}", wrong.err);
    write("pt");
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = acme.listed("negotiation").pop().unwrap();
    let page = shown(&acme, &name, &[]);
    assert_eq!(text(&page["shown"], "language"), "pt");
    assert!(
        text(&page, "page").contains("não garantido por meios técnicos"),
        "{page}"
    );
}
