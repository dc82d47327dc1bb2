//! `[[offer]]`: which dataset is offered to whom, under which policy.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use std::path::{Path, PathBuf};

/// `[[offer]]`
#[derive(Debug, Clone)]
pub struct OfferConfig {
    /// The dataset.
    pub dataset: SqlIdentifier,
    /// The policy file.
    pub policy: PathBuf,
    /// To whom.
    pub to: OfferAudience,
    /// Whether an officer signs each contract.
    pub sign: OfferSigningMode,
    /// Where it stands in the file.
    pub line: u64,
}

/// To whom an offer is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferAudience {
    /// Every participant of the league, each by a contract of its own.
    League,
    /// These participants.
    Named(Vec<ParticipantId>),
    /// Everybody in the league, as a public view that the owner alone signs.
    Public,
}

/// Who signs for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferSigningMode {
    /// A person, with `hansa contract sign`.
    Officer,
    /// The connector, at once.
    Auto,
}

/// Reads one of them.
pub(super) fn read(section: ConfigSection<'_>, folder: &Path) -> Option<OfferConfig> {
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
        section.wrong(
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
        section.wrong("dataset", "an offer names its dataset");
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

/// A policy is named by its file, or by its bare name in `policies/`.
fn policy_path(written: &str) -> PathBuf {
    if written.contains('/') || written.ends_with(".toml") {
        PathBuf::from(written)
    } else {
        PathBuf::from(format!("policies/{written}.toml"))
    }
}
