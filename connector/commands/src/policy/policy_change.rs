//! `hansa policy put`: the text of a policy, judged with the offers that use it before the file is replaced.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::CommandContext;
use crate::config::config_change::{
    DescribedChange, JudgedFile, PolicyMeaning, apply_change, describe_unchanged, machine_time,
    parse_digest,
};
use crate::config::config_check::find_new_problems;
use crate::config::config_lookup::environment_overrides;
use crate::policy::clause_report::ClauseReport;
use crate::policy::{JudgedOffer, draft_offer, find_offered_dataset, judge_offer};
use hansa_files::PreparedFile;
use hansa_node::config::ConnectorConfig;
use hansa_node::config::offer::{OfferConfig, OfferSigningMode};
use hansa_node::offer::offers;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::config_change::{file_digest, require_digest};
use hansa_node::participant::config_rights::require_signer;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::diff;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of the text of a policy.
const LONGEST: usize = 512 * 1024;

/// Text of a policy that is put in its place.
#[derive(Debug)]
pub(super) struct PolicyText {
    /// Name of the policy.
    pub(super) name: String,
    /// Text.
    pub(super) text: String,
    /// SHA-256 of the policy that is replaced, as it was typed.
    pub(super) if_digest: Option<String>,
    /// Dataset to which a policy that no offer uses would apply.
    pub(super) dataset: Option<String>,
    /// Language of the clauses in the report.
    pub(super) language: Language,
}

/// Judges the text of a policy and puts it in force.
pub(super) async fn put_policy(context: CommandContext<'_>, put: PolicyText) -> CommandResult {
    let CommandContext {
        connector, caller, ..
    } = context;
    let name = put.name.clone();
    // INVARIANT: configuration-change. From reading the file to the reload nobody else changes one.
    let _turn = connector.reloadable.change_lock.lock().await;
    let (inner, author) = (Arc::clone(connector), caller.clone());
    let PutPolicy { judged, meaning } =
        run_blocking(move || judge_text(&inner, put, &author)).await?;
    let next = format!("hansa policy show {name} tells what it says");
    let described = DescribedChange {
        change: "policy put",
        subject: Some(name),
        next: Some(next),
        meaning: Some(meaning),
    };
    apply_change(context, described, judged).await
}

fn judge_text(
    connector: &Connector,
    put: PolicyText,
    caller: &Caller,
) -> Result<PutPolicy, Refusal> {
    if put.text.len() > LONGEST {
        let sentence = format!("the text of a policy has more than {LONGEST} bytes");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    let config = ConnectorConfig::load(&connector.config().file, &environment_overrides())
        .map_err(combined_refusal)?;
    let file = policy_file(&config, &put.name)?;
    let named = parse_digest(put.if_digest.as_deref())?;
    require_digest(&file, named)?;
    let uses: Vec<OfferConfig> = config
        .offers
        .iter()
        .filter(|offer| offer.policy == file)
        .cloned()
        .collect();
    if uses
        .iter()
        .any(|offer| offer.sign == OfferSigningMode::Auto)
    {
        require_signer(connector, caller)?;
    }
    let judged_offers = match (uses.as_slice(), &put.dataset) {
        ([], None) => {
            let sentence = format!(
                "no offer uses the policy `{}`, so its dataset is not known",
                put.name
            );
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence).with_help("--dataset NAME"));
        }
        (uses, None) => uses.to_vec(),
        (uses, Some(dataset)) => {
            let draft = draft_offer(&file.display().to_string(), dataset)?;
            uses.iter().cloned().chain([draft]).collect()
        }
    };
    // The readers of a policy open a file; this one goes away again, and is written anew for the change itself.
    let candidate = match named {
        Some(_) => PreparedFile::write_beside(&file, put.text.as_bytes())?,
        None => PreparedFile::write_new(&file, put.text.as_bytes())?,
    };
    let mut changed = config.clone();
    for offer in &mut changed.offers {
        if offer.policy == file {
            offer.policy = candidate.path().to_path_buf();
        }
    }
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    let mut meaning = None;
    for offer in judged_offers {
        let dataset = find_offered_dataset(connector, &config, &offer)?;
        let before = offers::read_offer(&config, &offer, &dataset).ok();
        let offer = OfferConfig {
            policy: candidate.path().to_path_buf(),
            ..offer
        };
        let JudgedOffer {
            faults: found,
            warnings: doubtful,
            clauses,
        } = judge_offer(connector, &changed, &offer, &dataset);
        if found.is_empty() && meaning.is_none() {
            let verdict = before.map(|before| {
                let changes = diff::compare_policies(&before.clauses, &clauses);
                changes.verdict().as_str()
            });
            meaning = Some(PolicyMeaning {
                verdict,
                terms: ClauseReport::from_clauses(&clauses, put.language),
            });
        }
        faults.extend(found);
        warnings.extend(doubtful);
    }
    faults.extend(find_new_problems(
        &config,
        &changed,
        machine_time(connector),
    ));
    let place = FilePlace {
        judged: candidate.path(),
        meant: &file,
    };
    let faults = place.rename_in(faults);
    if !faults.is_empty() {
        return Err(describe_unchanged(faults));
    }
    Ok(PutPolicy {
        meaning: meaning.unwrap_or_default(),
        judged: JudgedFile {
            old: file_digest(&file)?,
            bytes: put.text.into_bytes(),
            warnings: place.rename_in(warnings),
            file,
        },
    })
}

/// Policy that may take its place.
struct PutPolicy {
    judged: JudgedFile,
    meaning: PolicyMeaning,
}

/// File that was judged in the place of another one.
struct FilePlace<'a> {
    judged: &'a Path,
    meant: &'a Path,
}

impl FilePlace<'_> {
    /// Findings with the name of the file that people know, each once.
    fn rename_in(&self, findings: Vec<Refusal>) -> Vec<Refusal> {
        let (judged, meant) = (
            self.judged.display().to_string(),
            self.meant.display().to_string(),
        );
        let mut renamed: Vec<Refusal> = Vec::new();
        for mut finding in findings {
            finding.sentence = finding.sentence.replace(&judged, &meant);
            if let Some(location) = &mut finding.location {
                location.file = location.file.replace(&judged, &meant);
            }
            if !renamed.contains(&finding) {
                renamed.push(finding);
            }
        }
        renamed
    }
}

/// File of a policy: that of the offers that use the name, or one in `policies`.
fn policy_file(config: &ConnectorConfig, name: &str) -> Result<PathBuf, Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        let sentence = format!("`{name}` is no name of a policy");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("letters without accents, digits, - and _; at most 64"));
    }
    let of_offers = config.offers.iter().map(|offer| &offer.policy);
    let named = of_offers
        .filter(|policy| policy.file_stem().is_some_and(|stem| stem == name))
        .collect::<std::collections::BTreeSet<_>>();
    let mut named = named.into_iter();
    let file = match (named.next(), named.next()) {
        (None, _) => config
            .folder()
            .join("policies")
            .join(format!("{name}.toml")),
        (Some(file), None) => file.clone(),
        (Some(_), Some(_)) => {
            let sentence = format!("offers use several files with the name `{name}`");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("change them with an editor, then hansa reload"));
        }
    };
    let is_below = file.strip_prefix(config.folder()).is_ok_and(|below| {
        let mut parts = below.components();
        parts.all(|part| matches!(part, std::path::Component::Normal(_)))
    });
    if !is_below {
        let sentence = format!(
            "`{}` does not lie below the folder of the configuration",
            file.display()
        );
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("change it with an editor, then hansa reload"));
    }
    Ok(file)
}
