//! Changes of `hansa.toml` by commands: the whole new configuration is judged, then the change is recorded, then the file is replaced.

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::CommandContext;
use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::output::RefusalReport;
use crate::config::config_check::find_new_problems;
use crate::config::config_lookup::environment_overrides;
use crate::config::{reload_now, restart_only_changes};
use crate::policy::clause_report::ClauseReport;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_files::PreparedFile;
use hansa_node::config::ConnectorConfig;
use hansa_node::participant::Connector;
use hansa_node::participant::config_change::{ConfigChange, write_change};
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Command that changes the configuration, for its record and its report.
#[derive(Debug)]
pub(crate) struct DescribedChange {
    /// Words of the command, such as `offer add`.
    pub(crate) change: &'static str,
    /// Policy or dataset; absent for a person.
    pub(crate) subject: Option<String>,
    /// Step that follows, for people.
    pub(crate) next: Option<String>,
    /// Meaning of a policy; absent for another change.
    pub(crate) meaning: Option<PolicyMeaning>,
}

/// Meaning of a policy that is put.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PolicyMeaning {
    /// Comparison with the policy before; absent for a new one, and for one that could not be read.
    pub(crate) verdict: Option<&'static str>,
    /// Clauses of a contract on it.
    pub(crate) terms: Vec<ClauseReport>,
}

/// Bytes for a file of the configuration that have been judged.
#[derive(Debug)]
pub(crate) struct JudgedFile {
    /// File that changes.
    pub(crate) file: PathBuf,
    /// Digest of the file that the change was made from; absent for a new file.
    pub(crate) old: Option<Digest>,
    /// New bytes.
    pub(crate) bytes: Vec<u8>,
    /// Findings that keep nobody from the change.
    pub(crate) warnings: Vec<Refusal>,
}

/// Edits the configuration as it stands on disk, and judges the result as `hansa check` does. The caller holds
/// `reloadable.change_lock`.
///
/// # Errors
/// `CONFIG_CHANGED` where the file has another digest than the one that was named, the refusal of the edit, or the problems that the
/// edit would bring.
pub(crate) async fn judge_edit(
    connector: &Arc<Connector>,
    if_digest: Option<Digest>,
    edit: impl FnOnce(&Path, &str) -> Result<String, Refusal> + Send + 'static,
) -> Result<JudgedFile, Refusal> {
    let connector = Arc::clone(connector);
    run_blocking(move || {
        let file = connector.config().file.clone();
        let overrides = environment_overrides();
        let before = ConnectorConfig::load(&file, &overrides).map_err(combined_refusal)?;
        let old = Digest::of(before.text.as_bytes());
        check_named_digest(&file, if_digest, old)?;
        let text = edit(&file, &before.text)?;
        let after = ConnectorConfig::parse(&file, &text, &overrides).map_err(describe_unchanged)?;
        let problems = find_new_problems(&before, &after, machine_time(&connector));
        if !problems.is_empty() {
            return Err(describe_unchanged(problems));
        }
        Ok(JudgedFile {
            file,
            old: Some(old),
            bytes: text.into_bytes(),
            warnings: Vec::new(),
        })
    })
    .await
}

/// Problems of a change that was not made.
pub(crate) fn describe_unchanged(problems: Vec<Refusal>) -> Refusal {
    combined_refusal(problems).with_help("the configuration was left as it is")
}

/// Time of the machine, before the offset of the configuration.
pub(crate) fn machine_time(connector: &Connector) -> UtcTimestamp {
    let offset = connector.config().clock.micros;
    connector.now().plus_micros(offset.saturating_neg())
}

/// Digest that a person typed.
///
/// # Errors
/// `USAGE`
pub(crate) fn parse_digest(text: Option<&str>) -> Result<Option<Digest>, Refusal> {
    let parse = |text: &str| {
        text.parse::<Digest>().map_err(|fault| {
            Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}"))
                .with_help("--if-digest takes the SHA-256 that hansa config show --json or hansa policy show --json tells")
        })
    };
    text.map(parse).transpose()
}

fn check_named_digest(file: &Path, named: Option<Digest>, found: Digest) -> Result<(), Refusal> {
    if named.is_none_or(|named| named == found) {
        return Ok(());
    }
    let sentence = format!(
        "`{}` was changed meanwhile: its SHA-256 is {found} now",
        file.display()
    );
    Err(Refusal::new(ErrorCode::ConfigChanged, sentence)
        .with_place(file.display().to_string(), None, None)
        .with_help("read it again, and make the change from that: --if-digest")
        .with_help("hansa reload, where somebody has changed it with an editor"))
}

/// Records a judged change, replaces the file and puts it in force; in a rehearsal, tells what would be written.
pub(crate) async fn apply_change(
    context: CommandContext<'_>,
    described: DescribedChange,
    judged: JudgedFile,
) -> CommandResult {
    let CommandContext {
        connector,
        options,
        caller,
        out,
    } = context;
    let DescribedChange {
        change,
        subject,
        next,
        meaning,
    } = described;
    let new = Digest::of(&judged.bytes);
    let mut report = ConfigChangeReport {
        change,
        subject: subject.as_deref(),
        file: &judged.file,
        digest_before: judged.old,
        digest: new,
        written: false,
        record: None,
        in_force: false,
        at_next_start: Vec::new(),
        warnings: RefusalReport::list(&judged.warnings),
        meaning,
        next: next.as_deref(),
    };
    for warning in &judged.warnings {
        out.send_notice(crate::cli::output::warning_text(warning))
            .await;
    }
    if options.dry_run {
        out.send_report(&report).await?;
        return Ok(0);
    }
    let (file, bytes, is_new) = (
        judged.file.clone(),
        judged.bytes.clone(),
        judged.old.is_none(),
    );
    let prepared = run_blocking(move || match is_new {
        true => PreparedFile::write_new(&file, &bytes),
        false => PreparedFile::write_beside(&file, &bytes),
    })
    .await?;
    let written = ConfigChange {
        change,
        subject: subject.clone(),
        file: judged.file.clone(),
        old: judged.old,
        new,
        prepared,
    };
    report.record = Some(write_change(connector, written, caller).await?);
    report.written = true;
    let before = connector.config();
    let inner = Arc::clone(connector);
    let reloaded = run_blocking(move || reload_now(&inner)).await;
    let faults = match reloaded {
        Ok(faults) => {
            report.in_force = true;
            report.at_next_start = restart_only_changes(&before, &connector.config());
            faults
        }
        // The file was judged, so something else is in the way. It stays, and is told.
        Err(refusal) => vec![refusal],
    };
    out.send_report(&report).await?;
    Ok(out.report_faults(&faults).await)
}

/// File of the configuration that was changed, or would be.
#[derive(Debug, Serialize)]
struct ConfigChangeReport<'a> {
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(serialize_with = "serialize_path")]
    file: &'a Path,
    /// SHA-256 of the replaced file; absent for a new one.
    digest_before: Option<Digest>,
    /// SHA-256 of the new file.
    digest: Digest,
    /// False in a rehearsal.
    written: bool,
    /// Number of the record; absent in a rehearsal.
    record: Option<u64>,
    /// True if the connector goes by the change now.
    in_force: bool,
    /// Changed keys that count from the next start on.
    at_next_start: Vec<&'static str>,
    warnings: Vec<RefusalReport>,
    #[serde(flatten)]
    meaning: Option<PolicyMeaning>,
    #[serde(skip)]
    next: Option<&'a str>,
}

impl CommandReport for ConfigChangeReport<'_> {
    fn to_text(&self) -> String {
        let file = self.file.display();
        let mut text = match (self.written, self.in_force) {
            (false, _) => format!("{file} would be changed: {}", self.change),
            (true, true) => format!("{file} was changed and is in force: {}", self.change),
            (true, false) => format!(
                "{file} was changed, and takes effect at the next start or the next hansa reload: {}",
                self.change
            ),
        };
        text.push_str(&format!("\nits SHA-256 is {}", self.digest));
        let verdict = self.meaning.as_ref().and_then(|meaning| meaning.verdict);
        if let Some(verdict) = verdict {
            text.push_str(&format!("\ncompared with the policy before: {verdict}"));
        }
        if !self.at_next_start.is_empty() {
            text.push_str(&format!(
                "\nonly from the next start on: {}",
                self.at_next_start.join(", ")
            ));
        }
        if let Some(next) = self.next {
            text.push_str(&format!("\nnext: {next}"));
        }
        text
    }
}
