//! `[[offer]]`: a dataset, its audience and its policy.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use std::path::{Path, PathBuf};

/// `[[offer]]`
#[derive(Debug, Clone)]
pub struct OfferConfig {
    /// Name of the dataset.
    pub dataset: SqlIdentifier,
    /// Path of the policy file.
    pub policy: PathBuf,
    /// Audience of the offer.
    pub to: OfferAudience,
    /// Signing of each contract, by an officer or automatic.
    pub sign: OfferSigningMode,
    /// Line in the file.
    pub line: u64,
}

/// Audience of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferAudience {
    /// Every participant of the league, each with its own contract.
    League,
    /// Named participants.
    Named(Vec<ParticipantId>),
    /// Every participant of the league, by a public view that only the owner signs.
    Public,
}

/// Signing of contracts for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferSigningMode {
    /// Signing by an officer, with `hansa contract sign`.
    Officer,
    /// Signing by the connector, at once.
    Auto,
}

/// Reads one offer.
pub(super) fn read_offer_config(section: ConfigSection<'_>, folder: &Path) -> Option<OfferConfig> {
    let line = section.line();
    let dataset: Option<SqlIdentifier> = section.parse_value("dataset");
    let policy = section.required_text("policy");
    let to = section.texts("to").unwrap_or_default();
    let recipients = match to.as_slice() {
        [word] if word == "league" => Some(OfferAudience::League),
        [word] if word == "public" => Some(OfferAudience::Public),
        [] => None,
        list => list
            .iter()
            .map(|id| id.parse().ok())
            .collect::<Option<Vec<ParticipantId>>>()
            .map(OfferAudience::Named),
    };
    if recipients.is_none() {
        section.report_problem(
            "to",
            "`offer.to` is \"league\", \"public\" or a list of participants",
        );
    }
    let sign = section.word(
        "sign",
        &[
            ("officer", OfferSigningMode::Officer),
            ("auto", OfferSigningMode::Auto),
        ],
    );
    if dataset.is_none() {
        section.report_problem("dataset", "an offer names its dataset");
    }
    section.finish();
    Some(OfferConfig {
        dataset: dataset?,
        policy: folder.join(policy_path(&policy?)),
        to: recipients?,
        sign: sign.unwrap_or(OfferSigningMode::Officer),
        line,
    })
}

/// Path of a policy: a file path, or a bare name in `policies/`.
fn policy_path(written: &str) -> PathBuf {
    if written.contains('/') || written.ends_with(".toml") {
        PathBuf::from(written)
    } else {
        PathBuf::from(format!("policies/{written}.toml"))
    }
}
