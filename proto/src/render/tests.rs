//! What people and tools are shown of a policy.

mod golden;
mod second_form;

use super::*;
use crate::samples;

const NOT_ENFORCED: &str = "Not technically enforced";

#[test]
fn every_clause_stands_on_the_page_once() {
    let whole = samples::agreement();
    let page = agreement(None, &whole);
    for clause in &whole.clauses {
        let line = format!("  {:<5}{}\n", clause.id.to_string(), clause.term.plain());
        assert_eq!(page.matches(&line).count(), 1, "{line} in {page}");
    }
    let (enforced, recorded) = page.split_once(NOT_ENFORCED).unwrap();
    for clause in &whole.clauses {
        let id = format!("  {:<5}", clause.id.to_string());
        assert_eq!(
            recorded.contains(&id),
            clause.term.is_recorded_only(),
            "{}",
            clause.id
        );
        assert_eq!(
            enforced.contains(&id),
            !clause.term.is_recorded_only(),
            "{}",
            clause.id
        );
    }
}

#[test]
fn the_page_says_what_is_absent() {
    let page = agreement(None, &samples::public_view());
    for line in [
        "Draft, not signed",
        "  legal text none bound",
        "  template   none",
        "  consumer   every participant of the league",
    ] {
        assert!(page.contains(line), "{page}");
    }
    assert!(!page.contains(NOT_ENFORCED));
    let page = agreement(
        Some("ab".repeat(32).parse().unwrap()),
        &samples::agreement(),
    );
    for line in [
        "Contract abab",
        "  replaces   nothing",
        "  provider   The people of munster.example (hansa://munster.example, DE-1)",
        "  consumer   The people of firma.example (hansa://firma.example, no register number stated)",
        "  signatory  not stated",
        "mobility-research: Forschung über Mobilität (part of dpv:ResearchAndDevelopment)",
        "dpv:ResearchAndDevelopment: Research and Development, and what is narrower",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
}

/// The line that says of no template says of the one that there is; nothing else of the page changes.
#[test]
fn a_page_names_the_template_from_which_the_terms_were_filled() {
    for (language, none, text) in [
        (
            Language::En,
            "  template   none\n",
            "  template   Hanse mobility, basic, version 3, of luebeck.example\n",
        ),
        (
            Language::De,
            "  Vorlage    keine\n",
            "  Vorlage    Hanse mobility, basic, Fassung 3, von luebeck.example\n",
        ),
        (
            Language::Pt,
            "  modelo     nenhum\n",
            "  modelo     Hanse mobility, basic, versão 3, de luebeck.example\n",
        ),
    ] {
        let (page, filled) = (
            agreement_in(language, None, &samples::agreement()),
            agreement_in(language, None, &samples::filled()),
        );
        assert_eq!(page.matches(none).count(), 1, "{page}");
        let sha256 = hansa_audit_log::digest::Digest::of(b"template");
        let text = format!("{text}             sha256 {sha256}\n");
        assert_eq!(filled, page.replacen(none, &text, 1));
    }
}

#[test]
fn an_offer_says_to_whom_and_who_signs() {
    let agreement = samples::agreement();
    let page = offer(&Offer {
        dataset: agreement.dataset.id,
        title: "Daily figures".to_owned(),
        clauses: agreement.clauses,
        own_purposes: agreement.own_purposes,
        not_before: agreement.not_before,
        not_after: agreement.not_after,
        legal: agreement.legal,
        template: samples::filled().template,
        to: OfferRecipients::League,
        sign: SigningMode::Officer,
    });
    for line in [
        ": Daily figures\n",
        "  to         every participant of the league\n",
        "  signed by  an officer of the provider, each contract by hand\n",
        "  legal text mobility-research.pdf (de)\n",
        "  template   Hanse mobility, basic, version 3, of luebeck.example\n",
        NOT_ENFORCED,
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
}

#[test]
fn foreign_text_does_not_steer_the_terminal() {
    let mut whole = samples::agreement();
    whole.provider.name = "x\n  consumer   somebody else".to_owned();
    let page = agreement(None, &whole);
    assert_eq!(page.matches("\n  consumer ").count(), 1);
}

#[test]
fn every_language_says_every_clause_and_heads_what_is_not_enforced() {
    let whole = samples::agreement();
    let mut pages = std::collections::BTreeSet::new();
    for language in Language::ALL {
        let page = agreement_in(language, None, &whole);
        for clause in &whole.clauses {
            let line = format!(
                "  {:<5}{}\n",
                clause.id.to_string(),
                clause.term.render(language)
            );
            assert_eq!(page.matches(&line).count(), 1, "{line} in {page}");
        }
        pages.insert(page);
    }
    assert_eq!(pages.len(), 3);
}
