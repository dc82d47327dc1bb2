//! From the configuration's offers to the catalogue's: policies are read and checked against their datasets.

use crate::config::{self, ConnectorConfig};
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::lint;
use hansa_catalog::lint::policy_combination::{self, CoexistingPolicy};
use hansa_catalog::offer::{Offer, OfferRecipients, SigningMode};
use hansa_policy::contract::{Agreement, LegalText};
use hansa_policy::diff::ChangeVerdict;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Clause;
use hansa_policy::term::purpose::OwnPurpose;
use std::path::Path;

/// A public view that is offered, and waits for the word of two officers.
#[derive(Debug, Clone)]
pub(crate) struct PendingView {
    /// What the officers say it of.
    pub(crate) key: ContractId,
    /// Of what.
    pub(crate) dataset: DatasetId,
    /// What it would be beside the view in force.
    pub(crate) verdict: ChangeVerdict,
}

/// What an offer would tell beside other offers of the configuration on its dataset, and beside contracts on it.
pub(crate) fn beside(
    config: &ConnectorConfig,
    (offer, dataset): (&Offer, &Dataset),
    others: &[&config::offer::OfferConfig],
    contracts: &[(String, Agreement)],
) -> Vec<lint::LintFinding> {
    let others = others
        .iter()
        .filter(|other| other.dataset == dataset.id.name);
    let others: Vec<Offer> = others
        .filter_map(|other| read(config, other, dataset).ok())
        .collect();
    let offered = others.iter().map(CoexistingPolicy::of_offer);
    let signed = contracts
        .iter()
        .map(|(name, agreement)| CoexistingPolicy::of_contract(name, agreement));
    policy_combination::combined(offer, &offered.chain(signed).collect::<Vec<_>>())
}

/// A finding of the lints as a refusal with its place.
pub(crate) fn as_refusal(finding: &lint::LintFinding, file: &Path) -> Refusal {
    let mut refusal = Refusal::new(finding.code, finding.sentence.clone()).with_place(
        file.display().to_string(),
        None,
        None,
    );
    refusal.clause = finding.clause;
    refusal.help.clone_from(&finding.help);
    refusal
}

/// One offer of the configuration for its dataset.
///
/// # Errors
/// Every problem of the policy, with file and line.
pub(crate) fn read(
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
    dataset: &Dataset,
) -> Result<Offer, Vec<Refusal>> {
    let file = written.policy.display().to_string();
    let text = crate::offline::read(&written.policy).map_err(|refusal| {
        vec![refusal.with_place(
            config.file.display().to_string(),
            Some(written.line),
            Some("offer.policy".to_owned()),
        )]
    })?;
    let text = String::from_utf8_lossy(&text);
    from_text(config, written, dataset, &text, &file)
}

/// The same from a policy's text, as a counter-offer brings it.
///
/// # Errors
/// Every problem of the policy, with file and line.
pub(crate) fn from_text(
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
    dataset: &Dataset,
    text: &str,
    file: &str,
) -> Result<Offer, Vec<Refusal>> {
    let draft = hansa_proto::policy_toml::parse(text, file, dataset)?;
    let legal = match &draft.legal {
        None => None,
        Some(legal) => {
            let path = Path::new(file).with_file_name(&legal.file);
            let bytes = crate::offline::read(&path).map_err(|refusal| vec![refusal])?;
            Some(LegalText {
                text_ref: legal.file.clone(),
                text: Digest::of(&bytes),
                language: legal.language.clone(),
            })
        }
    };
    let to = match &written.to {
        config::offer::OfferAudience::League => OfferRecipients::League,
        config::offer::OfferAudience::Public => OfferRecipients::Public,
        config::offer::OfferAudience::Named(list) => {
            OfferRecipients::Participants(list.iter().cloned().collect())
        }
    };
    let sign = match written.sign {
        config::offer::OfferSigningMode::Officer => SigningMode::Officer,
        config::offer::OfferSigningMode::Auto => SigningMode::Auto,
    };
    Ok(Offer {
        dataset: dataset.id.clone(),
        title: draft.title,
        own_purposes: used_purposes(&draft.clauses, &config.purposes),
        clauses: draft.clauses,
        not_before: draft
            .not_before
            .unwrap_or(hansa_audit_log::time::UtcTimestamp::EARLIEST),
        not_after: draft
            .not_after
            .unwrap_or(hansa_audit_log::time::UtcTimestamp::LATEST),
        legal,
        template: draft.template,
        to,
        sign,
    })
}

/// The own purposes that clauses name, with those that they are part of.
pub(crate) fn used_purposes(clauses: &[Clause], own: &[OwnPurpose]) -> Vec<OwnPurpose> {
    let mut wanted: Vec<_> = clauses
        .iter()
        .flat_map(|clause| clause.term.purposes())
        .cloned()
        .collect();
    let mut used: Vec<OwnPurpose> = Vec::new();
    while let Some(purpose) = wanted.pop() {
        if let Some(own) = own.iter().find(|own| own.name == purpose)
            && !used.contains(own)
        {
            wanted.push(own.parent.clone());
            used.push(own.clone());
        }
    }
    used.sort();
    used
}
