//! The offer that `hansa dataset add` writes beside a new dataset: a policy file and an entry of the configuration.

use crate::cli::connector_command::offer_terms::OfferTermsArgs;
use hansa_policy::id::{ParticipantId, PurposeId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::purpose::Taxonomy;
use hansa_query::ingest::schema_inference::draft_config::{
    DraftDatasetConfig, DraftGrid, ProposedColumn,
};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

/// The offer as it will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OfferEntry {
    /// The policy, where it is a new one: its file, relative to the folder of the configuration, and its text.
    pub(super) policy: Option<(PathBuf, String)>,
    /// What is added to the configuration.
    pub(super) text: String,
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
pub(super) fn grid(terms: &OfferTermsArgs) -> Option<DraftGrid> {
    (!terms.group_by.is_empty()).then(|| DraftGrid {
        dimensions: terms.group_by.clone(),
        bucket: terms.every.clone(),
    })
}

/// The offer of a dataset on these terms; nothing where they offer it to nobody.
///
/// # Errors
/// `USAGE` for terms that say nothing or something unknown.
pub(super) fn offer_entry(
    terms: &OfferTermsArgs,
    dataset: &DraftDatasetConfig,
    title: Option<&str>,
    background: &OfferBackground<'_>,
) -> Result<Option<OfferEntry>, Refusal> {
    if terms.offer.is_empty() {
        return Ok(None);
    }
    let mut text = String::new();
    let (policy, reference) = match &terms.policy {
        Some(file) => {
            let below = file.strip_prefix(background.folder).unwrap_or(file);
            (None, below.display().to_string())
        }
        None => {
            let (purposes, tables) = purposes(&terms.purpose, background.taxonomy)?;
            text.push_str(&tables);
            let written = policy_text(terms, dataset, title, &purposes, background.today)?;
            let file = Path::new("policies").join(format!("{}.toml", dataset.name));
            (Some((file, written)), dataset.name.to_string())
        }
    };
    text.push_str(&format!(
        "\n[[offer]]\ndataset = {}\npolicy  = {}\nto      = {}\nsign    = {}\n",
        quoted(dataset.name.as_str()),
        quoted(&reference),
        audience(&terms.offer)?,
        quoted(match terms.auto_sign {
            true => "auto",
            false => "officer",
        }),
    ));
    Ok(Some(OfferEntry {
        policy,
        text,
        conclusion: match (terms.auto_sign, terms.offer == ["public"]) {
            (_, true) => OfferConclusion::Public,
            (true, false) => OfferConclusion::Auto,
            (false, false) => OfferConclusion::Officer,
        },
    }))
}

/// The value of `[[offer]] to`.
fn audience(to: &[String]) -> Result<String, Refusal> {
    if let [word] = to
        && matches!(word.as_str(), "league" | "public")
    {
        return Ok(quoted(word));
    }
    let named: Result<Vec<String>, Refusal> = to
        .iter()
        .map(|text| {
            let id: Result<ParticipantId, _> = text.parse();
            id.map(|id| quoted(id.domain())).map_err(|fault| {
                Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}"))
                    .with_help("--offer league, --offer public, or the domains of participants")
            })
        })
        .collect();
    Ok(format!("[{}]", named?.join(", ")))
}

/// The purposes of the policy, and the tables of those that are new here: `NAME=PARENT`.
fn purposes(words: &[String], taxonomy: &Taxonomy) -> Result<(Vec<PurposeId>, String), Refusal> {
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
                quoted(&parent.to_string()),
                quoted(&name.replace(['-', '_'], " ")),
            ));
        }
        purposes.push(id);
    }
    Ok((purposes, tables))
}

/// The policy as a file says it.
fn policy_text(
    terms: &OfferTermsArgs,
    dataset: &DraftDatasetConfig,
    title: Option<&str>,
    purposes: &[PurposeId],
    today: Date,
) -> Result<String, Refusal> {
    let until = terms.until.as_deref().ok_or_else(|| {
        Refusal::new(
            ErrorCode::UsageWrong,
            "an offer says until which day its contracts last",
        )
        .with_help(format!("--until {}-12-31", today.year()))
    })?;
    let until: Date = until.parse().map_err(|cause: jiff::Error| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{until}` is not a day such as 2027-12-31"),
        )
        .caused_by(cause)
    })?;
    if until < today {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("--until {until} is over"),
        ));
    }
    let named = dataset.name.to_string();
    let mut text = format!(
        "# Written by `hansa dataset add`. `hansa policy show {named}` says it in words.\ntitle   = {}\n",
        quoted(title.unwrap_or(&named)),
    );
    if !purposes.is_empty() {
        text.push_str(&format!("purpose = {}\n", list(purposes.iter())));
    }
    let is_measure =
        |column: &ProposedColumn| !column.is_dimension && matches!(column.kind, "int" | "float");
    // Of groups no other columns are seen.
    let is_seen = |column: &&ProposedColumn| {
        column.leaves && (terms.at_least.is_none() || column.is_dimension || is_measure(column))
    };
    let leaving = || dataset.columns.iter().filter(is_seen);
    text.push_str(&format!(
        "columns = {}\n",
        list(leaving().map(|column| &column.name))
    ));
    if let Some(rows) = &terms.rows {
        text.push_str(&format!("rows    = {}\n", quoted(rows)));
    }
    text.push_str(&format!(
        "valid   = {{ from = {today}, until = {until} }}\n"
    ));
    if let Some(least) = terms.at_least {
        let dimensions = leaving().filter(|column| column.is_dimension);
        let measures: Vec<&String> = leaving()
            .filter(|column| is_measure(column))
            .map(|column| &column.name)
            .collect();
        let functions: &[&str] = match measures.is_empty() {
            true => &["count"],
            false => &["count", "sum", "avg"],
        };
        text.push_str(&format!(
            "\n[aggregate]    # answers are of groups alone\nby        = {}\nfunctions = {}\nmeasures  = {}\nmin_rows  = {least}\n",
            list(dimensions.map(|column| &column.name)),
            list(functions.iter()),
            list(measures.into_iter()),
        ));
        if let Some(bucket) = &dataset.bucket {
            text.push_str(&format!("bucket    = {}\n", quoted(bucket)));
        }
    }
    Ok(text)
}

/// A list of texts in TOML.
fn list<T: ToString>(values: impl Iterator<Item = T>) -> String {
    let values: Vec<String> = values.map(|value| quoted(&value.to_string())).collect();
    format!("[{}]", values.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
