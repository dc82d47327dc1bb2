//! The result of a check as pages: real exports of a city and a firm, with a withdrawal.

use super::{export, played, verify};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::text;

#[test]
fn pages_say_who_received_what_and_that_the_contract_was_withdrawn() {
    let league = TestLeague::new(binary());
    let (lindau, acme, contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    export(&lindau, folder, &[]);
    export(&acme, folder, &[]);
    let pages = folder.join("pages");
    let shown = pages.display().to_string();
    let files = ["lindau.example.bundle", "acme.example.bundle"];
    let args = [
        "check",
        files[0],
        files[1],
        "--html",
        &shown,
        "--language",
        "pt",
    ];
    let (report, status) = verify(folder, &args);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(text(&report, "pages"), format!("{shown}/pt/index.html"));
    let read = |page: &str| std::fs::read_to_string(pages.join(page)).unwrap();

    let recipients = read("en/recipients.html");
    let rows = "receipt signed by both sides";
    assert_eq!(recipients.matches(rows).count(), 3, "{recipients}");
    assert!(recipients.contains("hansa://lindau.example/d/long"));
    assert!(recipients.contains("✓ both logs agree"));
    let full = recipients.split("href=\"contract-").nth(1).unwrap();
    let full = full.split('.').next().unwrap();
    assert!(full.starts_with(&contract), "{full} {contract}");

    let page = read(&format!("de/contract-{full}.html"));
    assert_eq!(page.matches("✓ gültig").count(), 2, "{page}");
    assert!(page.contains("Gekündigt von"), "{page}");
    assert!(page.contains("hansa://acme.example"), "{page}");
    assert!(read("pt/comparison.html").contains("3 de 3 respostas"));
    assert!(read("pt/index.html").contains("✓ Não foi encontrado nada de errado"));
}
