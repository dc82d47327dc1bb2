//! The offer that `hansa dataset add` writes beside a new dataset: a policy file and an entry of the configuration.

use crate::dataset::offer_arguments::OfferTermsArgs;
use crate::dataset::offer_policy::{policy_text, quote_toml};
use hansa_policy::id::{ParticipantId, PurposeId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::purpose::Taxonomy;
use hansa_query::ingest::schema_inference::draft_config::{DraftDatasetConfig, DraftGrid};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// The offer as it will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfferEntry {
    /// The policy, where it is a new one: its file, relative to the folder of the configuration, and its text.
    pub(super) policy: Option<(PathBuf, String)>,
    /// What is added to the configuration.
    pub(super) text: String,
    /// Assumptions of the policy, in plain words.
    pub(super) assumptions: Vec<String>,
    /// Who concludes contracts on it.
    pub(super) conclusion: OfferConclusion,
}

/// Who concludes the contracts on an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferConclusion {
    /// Each consumer asks, and an officer of the provider signs.
    Officer,
    /// Each consumer asks, and the provider's connector signs.
    Auto,
    /// Nobody asks: it is a public view.
    Public,
}

impl OfferEntry {
    /// What is to be done next, for the dataset of this name.
    pub(super) fn next_steps(&self, dataset: &str) -> String {
        let serve = "next: hansa serve, unless it runs already";
        let name = dataset.rsplit('.').next().unwrap_or(dataset);
        match self.conclusion {
            OfferConclusion::Public => {
                format!("{serve}; everybody in the league then asks {dataset}")
            }
            OfferConclusion::Auto => format!(
                "{serve}; then a consumer asks for a contract: hansa contract request {dataset} --sign"
            ),
            OfferConclusion::Officer => format!(
                "{serve}; then a consumer asks for a contract: hansa contract request {dataset} --sign\n      and an officer here signs it: hansa contract sign {name}"
            ),
        }
    }
}

/// The facts of a participant that an offer is written for.
#[derive(Debug)]
pub(super) struct OfferBackground<'a> {
    /// The purposes that are known here.
    pub(super) taxonomy: &'a Taxonomy,
    /// The day of now, where the participant is.
    pub(super) today: Date,
    /// The folder of the configuration.
    pub(super) folder: &'a Path,
}

/// The grid that the terms name.
pub(super) fn draft_grid(terms: &OfferTermsArgs) -> Option<DraftGrid> {
    (!terms.group_by.is_empty()).then(|| DraftGrid {
        dimensions: terms.group_by.clone(),
        bucket: terms.bucket.clone(),
    })
}

/// The offer of a dataset on these terms; nothing where they offer it to nobody.
///
/// # Errors
/// `USAGE` for terms that say nothing or something unknown, or that name no columns.
pub(super) fn offer_entry(
    terms: &OfferTermsArgs,
    dataset: &DraftDatasetConfig,
    title: Option<&str>,
    background: &OfferBackground<'_>,
) -> Result<Option<OfferEntry>, Refusal> {
    if terms.offer.is_empty() {
        return Ok(None);
    }
    let (mut text, mut assumptions) = (String::new(), Vec::new());
    let (policy, reference) = match &terms.policy {
        Some(file) => {
            let below = file.strip_prefix(background.folder).unwrap_or(file);
            (None, below.display().to_string())
        }
        None => {
            let (purposes, tables) = resolve_purposes(&terms.purpose, background.taxonomy)?;
            text.push_str(&tables);
            let written = policy_text(terms, dataset, title, &purposes, background.today)?;
            assumptions = written.assumptions;
            let file = Path::new("policies").join(format!("{}.toml", dataset.name));
            (Some((file, written.text)), dataset.name.to_string())
        }
    };
    text.push_str(&format!(
        "\n[[offer]]\ndataset = {}\npolicy  = {}\nto      = {}\nsign    = {}\n",
        quote_toml(dataset.name.as_str()),
        quote_toml(&reference),
        audience_value(&terms.offer)?,
        quote_toml(match terms.auto_sign {
            true => "auto",
            false => "officer",
        }),
    ));
    Ok(Some(OfferEntry {
        policy,
        text,
        assumptions,
        conclusion: match (terms.auto_sign, terms.offer == ["public"]) {
            (_, true) => OfferConclusion::Public,
            (true, false) => OfferConclusion::Auto,
            (false, false) => OfferConclusion::Officer,
        },
    }))
}

/// The value of `[[offer]] to`.
fn audience_value(to: &[String]) -> Result<String, Refusal> {
    if let [word] = to
        && matches!(word.as_str(), "league" | "public")
    {
        return Ok(quote_toml(word));
    }
    let named: Result<Vec<String>, Refusal> = to
        .iter()
        .map(|text| {
            let id: Result<ParticipantId, _> = text.parse();
            id.map(|id| quote_toml(id.domain())).map_err(|fault| {
                Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}"))
                    .with_help("--offer league, --offer public, or the domains of participants")
            })
        })
        .collect();
    Ok(format!("[{}]", named?.join(", ")))
}

/// The purposes of the policy, and the tables of those that are new here: `NAME=PARENT`.
fn resolve_purposes(
    words: &[String],
    taxonomy: &Taxonomy,
) -> Result<(Vec<PurposeId>, String), Refusal> {
    let mut tables = String::new();
    let known = |text: &str| -> Result<PurposeId, Refusal> {
        let id: Option<PurposeId> = text.parse().ok();
        id.filter(|id| taxonomy.contains(id)).ok_or_else(|| {
            Refusal::new(ErrorCode::UsageWrong, format!("no purpose `{text}` is known here"))
                .with_help("one of the Data Privacy Vocabulary, such as dpv:PublicBenefit or dpv:ResearchAndDevelopment")
                .with_help(format!("or a new own one below such: --purpose {}=dpv:PublicBenefit", text.split(':').next_back().unwrap_or(text)))
        })
    };
    let mut purposes = Vec::new();
    for word in words {
        let Some((name, parent)) = word.split_once('=') else {
            purposes.push(known(word)?);
            continue;
        };
        let id: PurposeId = name.parse().map_err(|fault| {
            Refusal::new(
                ErrorCode::UsageWrong,
                format!("the purpose `{name}`: {fault}"),
            )
        })?;
        // One that is there already keeps its own place.
        if !taxonomy.contains(&id) {
            let parent = known(parent)?;
            tables.push_str(&format!(
                "\n[purpose.{id}]\nparent = {}\ntext   = {}\n",
                quote_toml(&parent.to_string()),
                quote_toml(&name.replace(['-', '_'], " ")),
            ));
        }
        purposes.push(id);
    }
    Ok((purposes, tables))
}
