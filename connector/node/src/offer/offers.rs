//! Offers from the configuration to the catalog: policies are read and checked against their datasets.

use crate::config;
use crate::config::ConnectorConfig;
use crate::dataset::published_lists;
use crate::league::rulebook_register;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::lint;
use hansa_catalog::lint::policy_combination::{self, CoexistingPolicy};
use hansa_catalog::lint::rulebook_rules::{self, OfferedTerms};
use hansa_catalog::offer::{Offer, OfferRecipients, SigningMode};
use hansa_identity::bundle::TrustBundle;
use hansa_identity::rulebook::SignedRulebook;
use hansa_policy::contract::{Agreement, LegalText};
use hansa_policy::diff::ChangeVerdict;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;
use hansa_policy::term::purpose::{OwnPurpose, Taxonomy};
use std::path::Path;
use std::sync::Arc;

/// Offered public view that waits for two officers.
#[derive(Debug, Clone)]
pub struct PendingView {
    /// Identity that the officers approve.
    pub key: ContractId,
    /// Dataset of the view.
    pub dataset: DatasetId,
    /// Comparison with the view in force.
    pub verdict: ChangeVerdict,
}

/// Checks that an offer must pass: of its policy, of the lists that it names, and of the current rulebook.
#[derive(Debug)]
pub struct OfferChecks {
    taxonomy: Arc<Taxonomy>,
    published: Arc<PublishedLists>,
    rulebook: Option<Arc<SignedRulebook>>,
    /// Accepted version of the rulebook whose file is lost.
    lost_rulebook: Option<u64>,
    now: UtcTimestamp,
}

impl OfferChecks {
    /// Makes the checks of a running participant.
    pub fn of(connector: &Connector) -> Self {
        let now = connector.now();
        let rulebooks = connector.reloadable.rulebooks();
        Self {
            taxonomy: connector.reloadable.taxonomy(),
            published: connector.reloadable.published_lists(),
            rulebook: rulebooks.in_force(now).cloned(),
            lost_rulebook: rulebooks.lost_version(),
            now,
        }
    }

    /// Makes the checks from the files of a participant, which may be running.
    ///
    /// # Errors
    /// If the purposes, the index or a rulebook can't be read.
    pub fn by_files(config: &ConnectorConfig, now: UtcTimestamp) -> Result<Self, Refusal> {
        let taxonomy = hansa_proto::purpose_taxonomy::build_taxonomy(&config.purposes)?;
        // Without a trust bundle there is no league and no rulebook.
        let rulebooks = match TrustBundle::open(&config.trust.bundle) {
            Ok(bundle) => rulebook_register::read_register(config, &bundle)?,
            Err(_) => rulebook_register::RulebookRegister::default(),
        };
        Ok(Self {
            taxonomy: Arc::new(taxonomy),
            published: Arc::new(published_lists::load_lists(&config.lists).0),
            rulebook: rulebooks.in_force(now).cloned(),
            lost_rulebook: rulebooks.lost_version(),
            now,
        })
    }

    /// Returns the errors and warnings of an offer. The columns of a never published dataset are unknown, so checks of columns are
    /// skipped.
    pub fn findings(&self, offer: &Offer, dataset: &Dataset) -> Vec<lint::LintFinding> {
        let mut findings = match dataset.columns.is_empty() {
            true => Vec::new(),
            false => lint::check_offer(offer, dataset, &self.taxonomy, self.now),
        };
        findings.extend(lint::missing_list_finding(&offer.clauses, &self.published));
        findings.extend(self.rulebook_findings(offer.into(), dataset));
        findings
    }

    /// Returns the rules of the current rulebook that terms on a dataset break.
    pub(crate) fn rulebook_findings(
        &self,
        terms: OfferedTerms<'_>,
        dataset: &Dataset,
    ) -> Vec<lint::LintFinding> {
        if let Some(version) = self.lost_rulebook {
            return vec![lint::LintFinding {
                severity: lint::LintSeverity::Error,
                code: ErrorCode::StateBroken,
                clause: None,
                sentence: format!(
                    "version {version} of the rulebook was accepted and can't be read here, so nothing is offered"
                ),
                help: vec![
                    "put it back from a backup, or install and accept the version again: hansa rulebook install"
                        .to_owned(),
                ],
            }];
        }
        let Some(rulebook) = &self.rulebook else {
            return Vec::new();
        };
        let rules = rulebook_register::to_versioned_rules(rulebook);
        rulebook_rules::check_rulebook_rules(terms, dataset, &self.taxonomy, rules, self.now)
    }

    /// Version of the current rulebook; 0 for none.
    pub(crate) fn rulebook_version(&self) -> u64 {
        self.rulebook.as_ref().map_or(0, |book| book.version())
    }

    /// Returns these checks under a later rulebook.
    pub(crate) fn with_rulebook(self, rulebook: Arc<SignedRulebook>) -> Self {
        Self {
            now: self.now.max(rulebook.content().draft.from),
            rulebook: Some(rulebook),
            ..self
        }
    }
}

/// Returns the disclosures of an offer together with other configured offers and contracts on its dataset.
pub fn find_combined_disclosures(
    config: &ConnectorConfig,
    offer: &Offer,
    dataset: &Dataset,
    others: &[&config::offer::OfferConfig],
    contracts: &[(String, Agreement)],
) -> Vec<lint::LintFinding> {
    let others = others
        .iter()
        .filter(|other| other.dataset == dataset.id.name);
    let others: Vec<Offer> = others
        .filter_map(|other| read_offer(config, other, dataset).ok())
        .collect();
    let offered = others.iter().map(CoexistingPolicy::of_offer);
    let signed = contracts
        .iter()
        .map(|(name, agreement)| CoexistingPolicy::of_contract(name, agreement));
    policy_combination::check_policy_combination(offer, &offered.chain(signed).collect::<Vec<_>>())
}

/// Warning to the owner of an ended offer.
pub fn tell_ended_offer(
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
    offer: &Offer,
) -> Refusal {
    let sentence = format!(
        "the offer of `{}` ended on {}; contracts under it last until their own end",
        written.dataset, offer.not_after
    );
    Refusal::new(ErrorCode::OfferEnded, sentence)
        .with_place(
            written.policy.display().to_string(),
            None,
            Some("valid.until".to_owned()),
        )
        .with_help("to offer it for longer, set valid.until to a later day, then hansa reload")
        .with_help(format!(
            "to end the offer, remove the [[offer]] in line {} of {}",
            written.line,
            config.file.display()
        ))
}

/// Converts a finding of the lint to a refusal with its place.
pub fn as_refusal(finding: &lint::LintFinding, file: &Path) -> Refusal {
    let mut refusal = Refusal::new(finding.code, finding.sentence.clone()).with_place(
        file.display().to_string(),
        None,
        None,
    );
    refusal.clause = finding.clause;
    refusal.help.clone_from(&finding.help);
    refusal
}

/// Reads one configured offer for its dataset.
///
/// # Errors
/// Every problem of the policy, with file and line.
pub fn read_offer(
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
    dataset: &Dataset,
) -> Result<Offer, Vec<Refusal>> {
    let file = written.policy.display().to_string();
    let text = crate::process::named_file::read_named_file(&written.policy).map_err(|refusal| {
        vec![refusal.with_place(
            config.file.display().to_string(),
            Some(written.line),
            Some("offer.policy".to_owned()),
        )]
    })?;
    let text = String::from_utf8_lossy(&text);
    from_text(config, written, dataset, &text, &file)
}

/// Refusal of a policy without a list of columns, which would permit every column.
pub fn unnamed_columns<'n>(file: &str, names: impl Iterator<Item = &'n str>) -> Refusal {
    let names: Vec<&str> = names.collect();
    let refusal = Refusal::new(
        ErrorCode::ColumnsUnnamed,
        "the policy does not name the columns that may leave, so it offers nothing",
    )
    .with_place(file, None, Some("columns".to_owned()));
    let refusal = match names.as_slice() {
        [] => refusal.with_help("columns = [\"NAME\", …] names those that may leave"),
        names => refusal.with_help(format!(
            "columns = [\"NAME\", …] names those that may leave, of {}",
            names.join(", ")
        )),
    };
    refusal.with_help("columns = \"all\" offers each of them")
}

/// Makes an offer from the text of a policy.
///
/// # Errors
/// Every problem of the policy, with file and line.
fn from_text(
    config: &ConnectorConfig,
    written: &config::offer::OfferConfig,
    dataset: &Dataset,
    text: &str,
    file: &str,
) -> Result<Offer, Vec<Refusal>> {
    let draft = hansa_proto::policy_toml::parse_policy(text, file, dataset)?;
    if !draft.names_columns {
        let names = dataset.columns.iter().map(|column| column.name.as_str());
        return Err(vec![unnamed_columns(file, names)]);
    }
    let legal = match &draft.legal {
        None => None,
        Some(legal) => {
            let path = Path::new(file).with_file_name(&legal.file);
            let bytes = crate::process::named_file::read_named_file(&path)
                .map_err(|refusal| vec![refusal])?;
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

/// Returns the own purposes that clauses name, with their parent purposes.
pub fn used_purposes(clauses: &[Clause], own: &[OwnPurpose]) -> Vec<OwnPurpose> {
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
