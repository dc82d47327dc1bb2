//! From the configuration's offers to the catalogue's: policies are read, checked against their datasets, and public
//! views are signed.

pub(crate) mod public_views;

use crate::config::{self, ConnectorConfig};
use crate::participant::offers::public_views::PendingView;
use crate::participant::{self, Connector, random_bytes, random_hex};
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::lint::policy_combination::{self, CoexistingPolicy};
use hansa_catalog::lint::{self, LintSeverity};
use hansa_catalog::offer::{AgreementParameters, Offer, OfferRecipients, SigningMode};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{Agreement, Assignee, ContractParty, LegalText, OwnPurpose};
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Clause;
use hansa_proto::peer::catalog_page::{ListedTemplate, TEMPLATES};
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// Reads all offers again and puts them in force; what can't be offered is told and left out.
///
/// # Errors
/// When a public view can't be signed or recorded.
pub(crate) fn renew(node: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let _turn = node.offering.lock().unwrap_or_else(PoisonError::into_inner);
    let config = node.config();
    // Policies are read below, also when a dataset is published: what they say now is on the books first.
    node.note_config(&config)?;
    let mut faults = Vec::new();
    let mut offers = Vec::new();
    for written in &config.offers {
        let id = DatasetId {
            owner: config.participant.id.clone(),
            name: written.dataset.clone(),
        };
        let Some(dataset) = node.catalog(|catalog| catalog.by_id(&id).cloned()) else {
            continue;
        };
        match read(&config, written, &dataset) {
            Ok(offer) => {
                let mut findings = lint::offer(&offer, &dataset, &node.taxonomy(), node.now());
                findings.extend(lint::lists(&offer.clauses, &node.published()));
                let errors: Vec<Refusal> = findings
                    .into_iter()
                    .filter(|finding| finding.severity == LintSeverity::Error)
                    .map(|finding| as_refusal(&finding, &written.policy))
                    .collect();
                if errors.is_empty() {
                    offers.push(offer);
                } else {
                    faults.extend(errors);
                }
            }
            Err(problems) => faults.extend(problems),
        }
    }
    faults.extend(templates(node, &config));
    faults.extend(public_views::publish(node, &offers)?);
    node.catalog_mut(|catalog| catalog.set_offers(offers));
    Ok(faults)
}

/// Puts the templates of the configuration in force; those that can't be read are left out and told.
fn templates(node: &Connector, config: &ConnectorConfig) -> Vec<Refusal> {
    let (mut good, mut faults) = (Vec::new(), Vec::new());
    for template in config.templates.iter().take(TEMPLATES) {
        match crate::offline::policy_template::checked(&template.file) {
            Ok((_, text)) => good.push(ListedTemplate {
                name: template.name.to_string(),
                text: text.into(),
            }),
            Err(refusal) => faults.push(refusal),
        }
    }
    node.set_templates(good);
    faults
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

impl Connector {
    /// The policies with holes that others may clone.
    pub(crate) fn templates(&self) -> Vec<ListedTemplate> {
        participant::read(&self.templates).clone()
    }

    /// Puts others in force.
    pub(crate) fn set_templates(&self, templates: Vec<ListedTemplate>) {
        *participant::write(&self.templates) = templates;
    }

    /// The public views that wait for two officers.
    pub(crate) fn pending_views(&self) -> Vec<PendingView> {
        participant::read(&self.pending_views).clone()
    }

    /// Others wait now.
    pub(crate) fn set_held(&self, held: Vec<PendingView>) {
        *participant::write(&self.pending_views) = held;
    }

    /// This participant as a party of a contract.
    pub(crate) fn party(&self) -> Result<ContractParty, Refusal> {
        let config = self.config();
        let bundle = self.trust.bundle();
        self.party_of(&config.participant.id, &bundle)
    }

    /// What differs from one agreement to the next.
    ///
    /// # Errors
    /// When one of the parties is not in the league.
    pub(crate) fn filled(
        &self,
        provider: ContractParty,
        assignee: Assignee,
        supersedes: Option<ContractId>,
    ) -> AgreementParameters {
        AgreementParameters {
            uid: format!("urn:uuid:{}", uuid()),
            version: 1,
            supersedes,
            provider,
            assignee,
            purposes: hansa_proto::purpose_taxonomy::label(),
            signatory: None,
            rendering: Some(PageRendering::newest(self.config().participant.tongue)),
            proposed_at: self.now(),
            nonce: hansa_proto::base64url::encode(&random_bytes::<16>()),
        }
    }
}

/// A random identity in the form of a UUID, version 4.
fn uuid() -> String {
    let mut digits: Vec<char> = random_hex(16).chars().collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '4';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = '8';
    }
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    digits.into_iter().collect()
}
