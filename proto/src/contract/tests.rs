//! Contracts are read in exactly the form that they are written in.

use super::*;
use crate::samples;
use hansa_audit_log::json::parse_json;
use hansa_policy::term::language::Language;

#[track_caller]
fn check(agreement: &Agreement) {
    let bytes = to_bytes(agreement);
    let read = from_bytes(&bytes).unwrap();
    assert_eq!(&read, agreement);
    assert_eq!(to_bytes(&read), bytes);
}

fn payload() -> String {
    String::from_utf8(to_bytes(&samples::sample_agreement())).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], code: ErrorCode) {
    let refusal = from_bytes(bytes).expect_err(&String::from_utf8_lossy(bytes));
    assert_eq!(refusal.code, code, "{refusal}");
}

#[track_caller]
fn exchanged(from: &str, to: &str, code: ErrorCode) {
    let good = payload();
    assert!(good.contains(from), "no {from} in {good}");
    refused(good.replacen(from, to, 1).as_bytes(), code);
}

#[test]
fn an_agreement_survives_the_round_trip() {
    check(&samples::sample_agreement());
    check(&samples::public_view());
    check(&samples::agreement_from_template());
    check(&Agreement {
        not_before: hansa_audit_log::time::UtcTimestamp::EARLIEST,
        not_after: hansa_audit_log::time::UtcTimestamp::LATEST,
        ..samples::public_view()
    });
    for clause in samples::sample_clauses() {
        check(&Agreement {
            clauses: vec![clause],
            ..samples::sample_agreement()
        });
    }
}

/// The template stands in the slot that was null, and in one spelling; a reader that expects null there refuses it.
#[test]
fn a_template_is_named_in_its_slot() {
    let good = String::from_utf8(to_bytes(&samples::agreement_from_template())).unwrap();
    let none = payload();
    assert!(none.contains(r#""template":null"#));
    assert!(good.contains(r#""hansa":"agreement/1""#));
    for (from, to) in [
        (
            r#""author":"hansa://luebeck.example""#,
            r#""author":"luebeck""#,
        ),
        (
            r#""author":"hansa://luebeck.example""#,
            r#""author":"luebeck.example""#,
        ),
        (r#""title":"Hanse mobility, basic""#, r#""title":"""#),
        (
            r#""title":"Hanse mobility, basic""#,
            r#""title":"Hanse\nmobility""#,
        ),
        (r#""version":3}"#, r#""version":0}"#),
        (r#""version":3}"#, r#""version":4294967296}"#),
        (r#""version":3}"#, r#""version":3,"zone":"UTC"}"#),
        // Nobody signs another one than is shown.
        (r#""version":3}"#, r#""version":4}"#),
        (
            r#""title":"Hanse mobility, basic""#,
            r#""title":"Hanse mobility""#,
        ),
    ] {
        let other = good.replacen(from, to, 1);
        assert_ne!(other, good, "{from}");
        let refusal = from_bytes(other.as_bytes()).unwrap_err();
        let codes = [ErrorCode::ContractMalformed, ErrorCode::RenderingDiffers];
        assert!(codes.contains(&refusal.code), "{to}: {refusal}");
    }
}

#[test]
fn a_payload_has_every_slot() {
    let bytes = to_bytes(&samples::public_view());
    let Json::Object(members) = parse_json(&bytes, LIMITS).unwrap() else {
        panic!()
    };
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "consumer",
            "dataset",
            "hansa",
            "id",
            "legal",
            "nonce",
            "policy",
            "policyGrantSha256",
            "proposedAt",
            "provider",
            "recordedOnly",
            "rendering",
            "signatory",
            "supersedes",
            "template",
            "validity",
            "version",
            "vocabularies"
        ]
    );
    assert_eq!(members["legal"], Json::Null);
    assert_eq!(members["template"], Json::Null);
    assert!(
        members["policyGrantSha256"]
            .as_text()
            .unwrap()
            .starts_with("grant/1:")
    );
    let json = parse_json(payload().as_bytes(), LIMITS).unwrap();
    let recorded = json.get("recordedOnly").unwrap().as_list().unwrap();
    let expect: Vec<Json> = samples::sample_clauses()
        .iter()
        .filter(|clause| clause.term.is_recorded_only())
        .map(|clause| Json::from_display(clause.id))
        .collect();
    assert_eq!(recorded, expect);
    assert_eq!(recorded.len(), 14);
}

#[test]
fn only_the_canonical_bytes_are_read() {
    let good = payload();
    refused(format!(" {good}").as_bytes(), ErrorCode::ContractMalformed);
    refused(format!("{good}\n").as_bytes(), ErrorCode::ContractMalformed);
    refused(
        good.replacen("\":\"", "\": \"", 1).as_bytes(),
        ErrorCode::ContractMalformed,
    );
    refused(
        format!("{good}{good}").as_bytes(),
        ErrorCode::ContractMalformed,
    );
    refused(b"", ErrorCode::ContractMalformed);
    refused(&[0xff, 0xfe], ErrorCode::ContractMalformed);
    // The same members in another order.
    let (head, tail) = good.split_once(r##""hansa":"agreement/1","##).unwrap();
    let turned = format!(r##"{{"hansa":"agreement/1",{}{tail}"##, &head[1..]);
    refused(turned.as_bytes(), ErrorCode::ContractMalformed);
    // A duplicate member, the same and another one.
    exchanged(
        r##""version":1"##,
        r##""version":1,"version":1"##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""version":1"##,
        r##""version":1,"version":2"##,
        ErrorCode::ContractMalformed,
    );
    for number in [
        "1.0",
        "1e0",
        "-0",
        "01",
        "9007199254740993",
        "0",
        "4294967296",
        "\"1\"",
    ] {
        exchanged(
            r##""version":1"##,
            &format!(r##""version":{number}"##),
            ErrorCode::ContractMalformed,
        );
    }
    // An escape that is not needed, a lone surrogate.
    exchanged(
        "munster.example",
        "munster.exampl\\u0065",
        ErrorCode::ContractMalformed,
    );
    exchanged(
        "The people",
        "\\ud800The people",
        ErrorCode::ContractMalformed,
    );
}

#[test]
fn text_is_in_normal_form_c() {
    let composed = "Forschung über Mobilität";
    let decomposed = "Forschung u\u{308}ber Mobilita\u{308}t";
    exchanged(composed, decomposed, ErrorCode::ContractMalformed);
}

#[test]
fn size_and_depth_are_limited() {
    let long = "x".repeat(LIMITS.bytes);
    exchanged("The people", &long, ErrorCode::ContractMalformed);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    exchanged(
        r##""template":null"##,
        &format!(r##""template":{deep}"##),
        ErrorCode::ContractMalformed,
    );
    refused("[".repeat(300_000).as_bytes(), ErrorCode::ContractMalformed);
}

#[test]
fn what_is_unknown_missing_or_ill_typed_anywhere_is_refused() {
    let json = parse_json(payload().as_bytes(), LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt_documents(&json) {
        let read = from_bytes(&to_canonical_bytes(&spoilt));
        assert!(read.is_err(), "{place} was accepted");
    }
}

#[test]
fn an_unknown_term_decides_over_an_unknown_member() {
    let later = format!(r##"{},"zzz":1}}"##, payload().strip_suffix('}').unwrap());
    refused(later.as_bytes(), ErrorCode::ContractMalformed);
    let (known, new) = (r##""leftOperand":"purpose""##, r##""leftOperand":"h:zzz""##);
    assert!(later.contains(known), "{later}");
    let later = later.replacen(known, new, 1);
    refused(later.as_bytes(), ErrorCode::TermUnknown);
}

#[test]
fn a_fault_of_the_consumer_names_the_member() {
    let good = payload();
    let spoilt = good.replacen(
        r##""consumer":{"id":"hansa://firma.example""##,
        r##""consumer":{"id":"firma.example""##,
        1,
    );
    assert_ne!(spoilt, good);
    let refusal = from_bytes(spoilt.as_bytes()).unwrap_err();
    assert!(refusal.sentence.contains("`id`"), "{refusal}");
}

#[test]
fn each_place_says_the_same() {
    let other = "hansa://other.example";
    exchanged(
        r##""assigner":"hansa://munster.example""##,
        &format!(r##""assigner":"{other}""##),
        ErrorCode::TermUnknown,
    );
    exchanged(
        r##""assignee":"hansa://firma.example""##,
        &format!(r##""assignee":"{other}""##),
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""source":"hansa://munster.example/d/bike_counts""##,
        r##""source":"hansa://munster.example/d/secrets""##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""id":"urn:uuid:0198"##,
        r##""id":"urn:uuid:0199"##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##"grant/1:"##,
        r##"grant/2:"##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""recordedOnly":["##,
        r##""recordedOnly":["#c2","##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""notAfter":"2027-12-01"##,
        r##""notAfter":"2026-12-01"##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""notAfter":"2027-12-01T00:00:00Z""##,
        r##""notAfter":"2027-12-01T00:00:00.000Z""##,
        ErrorCode::ContractMalformed,
    );
    exchanged(
        r##""id":"hansa://firma.example""##,
        r##""id":"firma.example""##,
        ErrorCode::ContractMalformed,
    );
    exchanged("agreement/1", "agreement/2", ErrorCode::ContractMalformed);
    let two = Agreement {
        own_purposes: [
            samples::sample_agreement().own_purposes,
            samples::sample_agreement().own_purposes,
        ]
        .concat(),
        ..samples::sample_agreement()
    };
    refused(&to_bytes(&two), ErrorCode::ContractMalformed);
    let mut doubled = samples::sample_agreement();
    doubled.clauses[1].id = doubled.clauses[0].id;
    refused(&to_bytes(&doubled), ErrorCode::ContractMalformed);
}

#[test]
fn a_flipped_bit_never_gives_the_same_agreement() {
    let whole = samples::short_agreement();
    let good = to_bytes(&whole);
    for index in 0..good.len() {
        for bit in [0, 3, 7] {
            let mut bad = good.clone();
            bad[index] ^= 1 << bit;
            if let Ok(read) = from_bytes(&bad) {
                assert_ne!(read, whole, "byte {index}");
            }
        }
    }
}

#[test]
fn random_agreements_survive_the_round_trip() {
    for seed in 0..300 {
        let mut random = samples::random_policy::SplitMixRandom(seed);
        let agreement = Agreement {
            clauses: samples::random_policy::random_clauses(&mut random),
            ..samples::sample_agreement()
        };
        let read = from_bytes(&to_bytes(&agreement));
        assert_eq!(read.as_ref(), Ok(&agreement), "seed {seed}");
    }
}

#[test]
fn what_was_shown_is_what_was_signed() {
    for language in Language::ALL {
        let rendering = PageRendering::of(language);
        let whole = Agreement {
            rendering,
            ..samples::sample_agreement()
        };
        check(&whole);
        let digest = page_digest(&whole).to_string();
        assert_eq!(
            digest,
            Digest::of(render::render_page(rendering, &whole).as_bytes()).to_string()
        );
        let payload = String::from_utf8(to_bytes(&whole)).unwrap();
        assert_eq!(payload.matches(&digest).count(), 1);
        let other = payload.replace(&digest, &Digest::of(b"another page").to_string());
        refused(other.as_bytes(), ErrorCode::RenderingDiffers);
        // Another language has another page.
        let next = if language == Language::De { "pt" } else { "de" };
        let (from, to) = (
            format!(r##""form":"page/1","language":"{language}""##),
            format!(r##""form":"page/1","language":"{next}""##),
        );
        refused(
            payload.replace(&from, &to).as_bytes(),
            ErrorCode::RenderingDiffers,
        );
    }
    // Every other term, under the page of these.
    let good = payload();
    let fewer = samples::short_agreement();
    let mixed = good.replace(
        &page_digest(&samples::sample_agreement()).to_string(),
        &page_digest(&fewer).to_string(),
    );
    refused(mixed.as_bytes(), ErrorCode::RenderingDiffers);
    // What can't be shown here is not signed or used here.
    exchanged("page/1", "page/2", ErrorCode::ContractMalformed);
    exchanged(
        r##""language":"en""##,
        r##""language":"fi""##,
        ErrorCode::ContractMalformed,
    );
}

/// The form and the zone are part of what is signed.
#[test]
fn a_page_of_one_form_is_never_shown_as_another() {
    let whole = Agreement {
        rendering: PageRendering::of(Language::En).in_zone("Europe/Brussels"),
        ..samples::sample_agreement()
    };
    check(&whole);
    let good = String::from_utf8(to_bytes(&whole)).unwrap();
    assert!(
        good.contains(r##""form":"page/1""##) && good.contains(r##""zone":"Europe/Brussels""##)
    );
    for (from, to, code) in [
        (
            r##","zone":"Europe/Brussels"}"##,
            "}",
            ErrorCode::ContractMalformed,
        ),
        ("page/1", "page/2", ErrorCode::ContractMalformed),
        (
            "Europe/Brussels",
            "Europe/Berlin",
            ErrorCode::RenderingDiffers,
        ),
        (
            "Europe/Brussels",
            "America/Toronto",
            ErrorCode::ContractMalformed,
        ),
    ] {
        refused(good.replace(from, to).as_bytes(), code);
    }
}

/// The readers of foreign bytes begin with these. `HANSA_WRITE_DOCS=1` writes them anew.
#[test]
fn the_corpus_holds_contracts_of_today() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/contract");
    let samples = [
        samples::sample_agreement(),
        samples::public_view(),
        samples::rows_contract(),
        samples::group_contract(),
        samples::agreement_from_template(),
    ];
    for (agreement, number) in samples.iter().zip(1..) {
        let (file, now) = (
            folder.join(format!("payload-{number}.json")),
            to_bytes(agreement),
        );
        if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
            std::fs::write(&file, &now).unwrap();
        }
        let written = std::fs::read(&file).unwrap();
        assert!(written == now, "{} is of another form", file.display());
    }
}
