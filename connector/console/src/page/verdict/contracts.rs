//! Contracts of the files: the signed page, the signatures, and the time in force by each log.

use super::recipients::render_contract_link;
use crate::message::message;
use crate::part::contract_words::{render_state, role_name};
use crate::part::folder_layout::{FolderFrame, FolderPage, render_folder_page};
use crate::part::layout::PageContent;
use crate::part::signed_page::render_signed_page;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Contract whose signatures hold, as `hansa-verify contract --json` prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ContractEvidence {
    /// Identity of the contract.
    pub contract: String,
    /// Provider.
    pub provider: String,
    /// Consumer; absent in a public view.
    #[serde(default)]
    pub consumer: Option<String>,
    /// Dataset.
    pub dataset: String,
    /// First instant in force.
    pub from: String,
    /// First instant no longer in force.
    pub until: String,
    /// Language of the signed page.
    #[serde(default)]
    pub language: Option<Language>,
    /// Text of the signed page; absent in a list.
    #[serde(default)]
    pub page: String,
    /// Signatures.
    #[serde(default)]
    pub signatures: Vec<SignatureLine>,
    /// State by each log.
    #[serde(default)]
    pub standing: Vec<StandingLine>,
    /// Withdrawals by each log.
    #[serde(default)]
    pub withdrawals: Vec<WithdrawalLine>,
}

/// Signature of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct SignatureLine {
    /// Role of the party.
    pub role: String,
    /// Participant.
    pub party: String,
    /// Thumbprint of the key.
    pub key: String,
    /// Instant by the clock of the signer.
    pub at: String,
}

/// State of a contract by one log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StandingLine {
    /// Origin of the log.
    pub log: String,
    /// Instant of the state.
    pub at: String,
    /// State, in the word of the command.
    pub state: String,
    /// Number of the record of the activation.
    #[serde(default)]
    pub record: Option<u64>,
    /// Instant of that record.
    #[serde(default)]
    pub activated: Option<String>,
}

/// Withdrawal of a contract by one log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WithdrawalLine {
    /// Origin of the log.
    pub log: String,
    /// Number of the record.
    pub record: u64,
    /// Instant of the record.
    pub at: String,
    /// Instant of effect.
    pub effective: String,
    /// Party that withdrew.
    pub by: String,
}

/// Page with the list of all contracts.
#[must_use]
pub fn render_contract_list(
    frame: &FolderFrame<'_>,
    contracts: &[ContractEvidence],
    omitted: u64,
) -> String {
    let language = frame.language;
    let rows = contracts
        .iter()
        .map(|contract| contract_cells(frame, contract));
    let number = language.format_number(omitted);
    let body = html! {
        @if contracts.is_empty() {
            p { (message!(language, "evidence-contracts-none")) }
        } @else {
            p { (message!(language, "evidence-contracts-lead")) }
            (render_table(&DataTable {
                id: "contracts",
                caption: message!(language, "evidence-contracts-caption"),
                columns: vec![
                    message!(language, "column-contract"),
                    message!(language, "recipients-from"),
                    message!(language, "recipients-to"),
                    message!(language, "column-dataset"),
                    message!(language, "evidence-period"),
                    message!(language, "column-state"),
                ],
                rows: rows.collect(),
            }))
            @if omitted > 0 {
                p.hint { (message!(language, "lines-omitted", number)) }
            }
        }
    };
    let title = FolderPage::Contracts.title(language);
    render_folder_page(frame, &PageContent::new(title, body))
}

fn contract_cells(frame: &FolderFrame<'_>, contract: &ContractEvidence) -> Vec<Markup> {
    let language = frame.language;
    vec![
        render_contract_link(language, Some(&contract.contract)),
        html! { bdi { (reveal_controls(&contract.provider)) } },
        render_consumer(language, contract),
        html! { code { (reveal_controls(&contract.dataset)) } },
        render_period(frame, contract),
        html! {
            @for standing in &contract.standing {
                span.side {
                    bdi { (owner_of_log(&standing.log)) } ": " (render_standing(language, &standing.state))
                }
            }
        },
    ]
}

fn render_consumer(language: Language, contract: &ContractEvidence) -> Markup {
    html! {
        @match &contract.consumer {
            Some(consumer) => { bdi { (reveal_controls(consumer)) } }
            None => { (message!(language, "party-everyone")) }
        }
    }
}

fn render_period(frame: &FolderFrame<'_>, contract: &ContractEvidence) -> Markup {
    let instants = frame.to_page_frame();
    html! {
        (render_instant_text(&instants, &contract.from)) " – " (render_instant_text(&instants, &contract.until))
    }
}

fn render_standing(language: Language, state: &str) -> Markup {
    match state {
        "not in the log" => html! { (message!(language, "evidence-not-in-log")) },
        other => render_state(language, other),
    }
}

/// Page of one contract.
#[must_use]
pub fn render_contract_evidence(frame: &FolderFrame<'_>, contract: &ContractEvidence) -> String {
    let language = frame.language;
    let dataset = reveal_controls(&contract.dataset);
    let body = html! {
        p { a href=(FolderPage::Contracts.file_name()) { (message!(language, "evidence-contracts-back")) } }
        (render_facts(&[
            Fact::new(message!(language, "fact-identity"), html! { code { (reveal_controls(&contract.contract)) } }),
            Fact::new(message!(language, "recipients-from"), html! { bdi { (reveal_controls(&contract.provider)) } }),
            Fact::new(message!(language, "recipients-to"), render_consumer(language, contract)),
            Fact::new(message!(language, "evidence-period"), render_period(frame, contract)),
        ]))
        (render_standings(frame, &contract.standing))
        (render_withdrawals(frame, &contract.withdrawals))
        (render_signatures(frame, &contract.signatures))
        h2 { (message!(language, "evidence-page")) }
        p.hint { (message!(language, "evidence-page-hint")) }
        (render_signed_page(&contract.page, contract.language.map_or("", Language::tag)))
    };
    let title = message!(language, "evidence-contract-title", dataset);
    render_folder_page(frame, &PageContent::new(title, body))
}

fn render_standings(frame: &FolderFrame<'_>, standings: &[StandingLine]) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let rows = standings.iter().map(|standing| {
        vec![
            html! { bdi { (owner_of_log(&standing.log)) } },
            html! {
                @match (&standing.activated, standing.record) {
                    (Some(activated), Some(record)) => {
                        @let record = record.to_string();
                        (render_instant_text(&instants, activated)) br;
                        (message!(language, "finding-record", record))
                    }
                    _ => { (message!(language, "verdict-none")) }
                }
            },
            render_standing(language, &standing.state),
            render_instant_text(&instants, &standing.at),
        ]
    });
    html! {
        @if !standings.is_empty() {
            h2 { (message!(language, "evidence-standing")) }
            (render_table(&DataTable {
                id: "standing",
                caption: message!(language, "evidence-standing-caption"),
                columns: vec![
                    message!(language, "evidence-log"),
                    message!(language, "evidence-activated"),
                    message!(language, "column-state"),
                    message!(language, "evidence-state-at"),
                ],
                rows: rows.collect(),
            }))
        }
    }
}

fn render_withdrawals(frame: &FolderFrame<'_>, withdrawals: &[WithdrawalLine]) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let rows = withdrawals.iter().map(|withdrawal| {
        let record = withdrawal.record.to_string();
        vec![
            html! { bdi { (owner_of_log(&withdrawal.log)) } },
            html! { bdi { (reveal_controls(&withdrawal.by)) } },
            html! {
                (render_instant_text(&instants, &withdrawal.at)) br;
                (message!(language, "finding-record", record))
            },
            render_instant_text(&instants, &withdrawal.effective),
        ]
    });
    html! {
        @if !withdrawals.is_empty() {
            h2 { (message!(language, "evidence-withdrawals")) }
            (render_table(&DataTable {
                id: "withdrawals",
                caption: message!(language, "evidence-withdrawals-caption"),
                columns: vec![
                    message!(language, "evidence-log"),
                    message!(language, "evidence-withdrawn-by"),
                    message!(language, "evidence-recorded"),
                    message!(language, "evidence-effective"),
                ],
                rows: rows.collect(),
            }))
        }
    }
}

fn render_signatures(frame: &FolderFrame<'_>, signatures: &[SignatureLine]) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let rows = signatures.iter().map(|signature| {
        vec![
            html! { bdi { (reveal_controls(&signature.party)) } },
            html! { (role_name(language, &signature.role)) },
            render_instant_text(&instants, &signature.at),
            html! { code { (reveal_controls(&signature.key)) } },
            html! { (message!(language, "evidence-signature-valid")) },
        ]
    });
    html! {
        h2 { (message!(language, "evidence-signatures")) }
        (render_table(&DataTable {
            id: "signatures",
            caption: message!(language, "evidence-signatures-caption"),
            columns: vec![
                message!(language, "evidence-participant"),
                message!(language, "signature-role"),
                message!(language, "signature-at"),
                message!(language, "signature-key"),
                message!(language, "signature-result"),
            ],
            rows: rows.collect(),
        }))
    }
}

/// Domain of the participant whose log it is.
fn owner_of_log(log: &str) -> String {
    let owner = log.split('/').next().unwrap_or_default();
    reveal_controls(owner).into_owned()
}
