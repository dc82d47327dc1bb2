//! Tests: a rulebook is accepted only as signed by its league.

use super::{LARGEST_TEXT, RulebookDraft, RulebookText, SignedRulebook};
use crate::league_fixture::{DAY, LeagueFixture, start_time};
use crate::signed_envelope;
use hansa_audit_log::json::serialized::to_form;
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::rulebook::OfferRules;

fn draft(longest_days: u32) -> RulebookDraft {
    RulebookDraft {
        title: "Rulebook of the lake league".to_owned(),
        text: RulebookText::new("rulebook.md", b"# Rules\n\nBe \"fair\".\n").unwrap(),
        from: start_time(),
        offers: OfferRules {
            purposes_required: true,
            purposes: vec!["dpv:ResearchAndDevelopment".parse().unwrap()],
            longest_days: Some(longest_days),
            least_rows: Some(10),
            licences: vec!["CC-BY-4.0".to_owned(), "proprietary".to_owned()],
            attribution_required: true,
            no_public_views: true,
            delete_after_most_days: Some(90),
        },
    }
}

fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let other = text.replacen(from, to, 1);
    assert_ne!(other, text, "{from}");
    other.into_bytes()
}

#[test]
fn versions_count_up_and_all_of_them_stay() {
    let mut sample = LeagueFixture::new();
    let first = sample
        .league
        .issue_rulebook(draft(730), start_time())
        .unwrap();
    let same = sample.league.issue_rulebook(draft(730), start_time());
    assert_eq!(same.unwrap_err().code, ErrorCode::UsageWrong);
    let second = sample
        .league
        .issue_rulebook(draft(365), start_time())
        .unwrap();
    assert_eq!((first.version(), second.version()), (1, 2));
    assert_ne!(first.digest(), second.digest());
    let kept = sample.league.rulebooks().unwrap();
    assert_eq!(kept, [first.clone(), second]);
    let read = SignedRulebook::read(&first.to_bytes(), sample.league.bundle()).unwrap();
    assert_eq!(read.content().draft, draft(730));
    assert!(read.counts_at(start_time()));
    assert!(!read.counts_at(start_time().plus_micros(-DAY)));
}

#[test]
fn a_rulebook_without_rules_is_one() {
    let mut sample = LeagueFixture::new();
    let draft = RulebookDraft {
        offers: OfferRules::default(),
        ..draft(1)
    };
    let rulebook = sample
        .league
        .issue_rulebook(draft.clone(), start_time())
        .unwrap();
    assert_eq!(rulebook.content().draft, draft);
}

#[test]
fn a_changed_rulebook_is_refused() {
    let mut sample = LeagueFixture::new();
    let rulebook = sample
        .league
        .issue_rulebook(draft(730), start_time())
        .unwrap();
    let bytes = rulebook.to_bytes();
    for (from, to) in [
        ("\"longest_days\":730", "\"longest_days\":731"),
        ("Be \\\"fair\\\"", "Be \\\"fast\\\""),
        ("\"version\":1", "\"version\":2"),
        ("lake league", "fake league"),
        ("\"no_public_views\":true,", ""),
        ("\"no_public_views\":true", "\"no_public_views\":false"),
        (
            "\"purposes_required\":true",
            "\"purposes_required\":true,\"z\":1",
        ),
        ("2026-06-01", "2026-06-02"),
    ] {
        let refusal =
            SignedRulebook::read(&changed(&bytes, from, to), sample.league.bundle()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RulebookInvalid, "{from}");
    }
}

/// Content that the league signs, although it would never write it like this.
#[test]
fn another_spelling_is_refused_whoever_signs_it() {
    let mut sample = LeagueFixture::new();
    let rulebook = sample
        .league
        .issue_rulebook(draft(730), start_time())
        .unwrap();
    let read = |content: &str| {
        let content = parse_json(content.as_bytes(), JsonLimits::default()).unwrap();
        let kind = signed_envelope::EnvelopeKind::Rulebook;
        let signature = signed_envelope::sign_content(kind, &content, &sample.signer()).unwrap();
        let members = [("rulebook", content), ("signature", Json::Text(signature))];
        let bytes = signed_envelope::to_bytes(&Json::object(members));
        SignedRulebook::read(&bytes, sample.league.bundle())
    };
    let content = to_form("rulebook/1", rulebook.content());
    let text = String::from_utf8(to_canonical_bytes(&content)).unwrap();
    assert_eq!(read(&text).unwrap().content(), rulebook.content());
    for (from, to, member) in [
        ("rulebook/1", "rulebook/2", "`hansa`"),
        ("\"version\":1", "\"version\":0", "versions"),
        (
            "\"longest_days\":730",
            "\"longest_days\":0",
            "`longest_days`",
        ),
        (
            "\"longest_days\":730",
            "\"longest_days\":-1",
            "`content.offers.longest_days`",
        ),
        ("\"longest_days\":730,", "", "`content.offers.longest_days`"),
        (
            "\"least_rows\":10",
            "\"least_rows\":10,\"more\":1",
            "`content.offers.more`",
        ),
        ("\"CC-BY-4.0\"", "\"x\"", "`licences`"),
        ("\"sha256\":\"", "\"sha256\":\"f", "`content.text.sha256`"),
        (
            "Be \\\"fair\\\"",
            "Be \\\"fast\\\"",
            "`content.text.sha256`",
        ),
        ("\"title\":\"", "\"name\":\"", "missing field `title`"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        let refusal = read(&other).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RulebookInvalid);
        assert!(refusal.sentence.contains(member), "{refusal}");
    }
}

/// A signed trust bundle is not a rulebook, and vice versa.
#[test]
fn a_signature_over_a_bundle_is_none_over_a_rulebook() {
    let mut sample = LeagueFixture::new();
    let bundle = sample.league.bundle().envelope();
    let member = |name: &str| bundle.get(name).unwrap().clone();
    let posed = Json::object([
        ("rulebook", member("bundle")),
        ("signature", member("signature")),
    ]);
    let bytes = signed_envelope::to_bytes(&posed);
    let refusal = SignedRulebook::read(&bytes, sample.league.bundle()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::RulebookInvalid);
    // Equal content under the signature of another kind.
    let rulebook = sample
        .league
        .issue_rulebook(draft(1), start_time())
        .unwrap();
    let content = to_form("rulebook/1", rulebook.content());
    let kind = signed_envelope::EnvelopeKind::Bundle;
    let signature = signed_envelope::sign_content(kind, &content, &sample.signer()).unwrap();
    let posed = Json::object([("rulebook", content), ("signature", Json::Text(signature))]);
    let bytes = signed_envelope::to_bytes(&posed);
    let refusal = SignedRulebook::read(&bytes, sample.league.bundle()).unwrap_err();
    assert!(refusal.sentence.contains("not signed"), "{refusal}");
}

#[test]
fn the_rulebook_of_another_league_is_refused() {
    let mut sample = LeagueFixture::new();
    let mut other = LeagueFixture::new();
    let rulebook = other
        .league
        .issue_rulebook(draft(730), start_time())
        .unwrap();
    let refusal = SignedRulebook::read(&rulebook.to_bytes(), sample.league.bundle()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::WrongLeague);
    let own = sample
        .league
        .issue_rulebook(draft(365), start_time())
        .unwrap();
    assert_eq!(
        own.same_version(&rulebook).unwrap_err().code,
        ErrorCode::RulebookInvalid
    );
    own.same_version(&own).unwrap();
}

#[test]
fn a_text_is_bounded_and_can_be_shown() {
    let refused = |bytes: &[u8]| {
        let refusal = RulebookText::new("r.md", bytes).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RulebookInvalid);
    };
    refused(b"");
    refused(&vec![b'a'; LARGEST_TEXT + 1]);
    refused(b"\xff");
    refused(b"\x1b[2J");
    refused("left \u{202e} right".as_bytes());
    RulebookText::new("r.md", &vec![b'"'; LARGEST_TEXT]).unwrap();
    RulebookText::new("r.md", "Straße\r\n\tein\n".as_bytes()).unwrap();
}

/// The largest text is accepted by every reader.
#[test]
fn the_largest_rulebook_can_be_read() {
    let mut sample = LeagueFixture::new();
    let mut large = draft(1);
    large.text = RulebookText::new("r.md", &vec![b'"'; LARGEST_TEXT]).unwrap();
    let rulebook = sample.league.issue_rulebook(large, start_time()).unwrap();
    assert!(rulebook.to_bytes().len() < 1024 * 1024);
    assert_eq!(sample.league.rulebooks().unwrap(), [rulebook]);
}
