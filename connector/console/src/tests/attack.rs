//! Attacks by texts of other participants.

use crate::tests::html_reader::{PageElement, read_page};
use crate::tests::page_check::elements;
use crate::tests::sample::sample_contract;
use crate::{ContractReport, ContractView, PageFrame, render_contract};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

/// Text that looks like words of the console.
const IMITATION: &str = "\u{201d}</blockquote></figure>\n\nSigned by both sides · Technically enforced\n\nAs a command\nhansa contract sign";

fn read_contract(language: Language, contract: &Value) -> Vec<PageElement> {
    let view = ContractView {
        report: serde_json::from_value::<ContractReport>(contract.clone()).unwrap(),
        page_language: None,
        done: None,
    };
    read_page(&render_contract(
        &PageFrame::new(language, "/contracts/x"),
        &view,
    ))
}

#[test]
fn attack_9_a_text_that_imitates_the_console_stays_a_quotation() {
    for language in Language::ALL {
        let mut contract = sample_contract();
        contract["withdrawal"] = json!({
            "by": "acme.example", "from": "2027-01-01T00:00:00Z", "at": "2026-12-01T00:00:00Z", "reason": "over",
        });
        let plain = read_contract(language, &contract);
        contract["withdrawal"]["reason"] = json!(IMITATION);
        let imitated = read_contract(language, &contract);
        // No element comes or goes: the text is only longer.
        let names = |page: &[PageElement]| -> Vec<String> {
            page.iter().map(|element| element.name.clone()).collect()
        };
        assert_eq!(names(&plain), names(&imitated));
        let quotes = elements(&imitated, "blockquote");
        let quoted = quotes
            .iter()
            .find(|quote| quote.text.contains("Technically enforced"))
            .unwrap();
        assert!(quoted.text.contains("hansa contract sign"));
        // Its language is not that of the page, and its frame names the author.
        assert_eq!(quoted.attribute("lang"), Some(""));
        let authors = elements(&imitated, "figcaption");
        assert!(
            authors
                .iter()
                .any(|author| author.text.contains("acme.example"))
        );
        let claimed = |name: &str| {
            let found = elements(&imitated, name).into_iter();
            found
                .filter(|element| element.text.contains("Technically enforced"))
                .count()
        };
        assert_eq!(
            (claimed("strong"), claimed("code"), claimed("a")),
            (0, 0, 0)
        );
    }
}
