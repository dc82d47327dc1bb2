//! `[[offer]]`: which dataset is offered to whom, under which policy.

use crate::config::reader::Section;
use hansa_policy::id::{Name, ParticipantId};
use hansa_policy::refusal::{Code, Refusal};
use std::path::{Path, PathBuf};

/// `[[offer]]`
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The dataset.
    pub(crate) dataset: Name,
    /// The policy file.
    pub(crate) policy: PathBuf,
    /// To whom.
    pub(crate) to: Recipients,
    /// Whether an officer signs each contract.
    pub(crate) sign: Sign,
    /// Where it stands in the file.
    pub(crate) line: u64,
}

/// To whom an offer is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipients {
    /// Every participant of the league, each by a contract of its own.
    League,
    /// These participants.
    Named(Vec<ParticipantId>),
    /// Everybody in the league, as a public view that the owner alone signs.
    Public,
}

/// Who signs for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A person, with `hansa contract sign`.
    Officer,
    /// The connector, at once.
    Auto,
}

/// Reads one of them.
pub(super) fn read(
    mut section: Section<'_, '_>,
    folder: &Path,
    faults: &mut Vec<Refusal>,
) -> Option<Offer> {
    let line = section.line();
    let dataset: Option<Name> = section.parsed("dataset", faults);
    let policy = section.needed("policy", faults);
    let to = section.texts("to", faults).unwrap_or_default();
    let recipients = match to.as_slice() {
        [word] if word == "league" => Some(Recipients::League),
        [word] if word == "public" => Some(Recipients::Public),
        [] => None,
        list => list
            .iter()
            .map(|id| id.parse().ok())
            .collect::<Option<Vec<ParticipantId>>>()
            .map(Recipients::Named),
    };
    if recipients.is_none() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "`offer.to` is \"league\", \"public\" or a list of participants".to_owned(),
            line,
            "to",
        ));
    }
    let sign = section.one_of(
        "sign",
        [("officer", Sign::Officer), ("auto", Sign::Auto)],
        faults,
    );
    if dataset.is_none() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "an offer names its dataset".to_owned(),
            line,
            "dataset",
        ));
    }
    section.finish(faults);
    Some(Offer {
        dataset: dataset?,
        policy: folder.join(policy_path(&policy?)),
        to: recipients?,
        sign: sign.unwrap_or(Sign::Officer),
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
