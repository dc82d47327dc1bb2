//! `hansa config`, `reload` and `backup`.

pub(crate) mod arguments;
pub(crate) mod config_change;
pub(crate) mod config_check;
pub(crate) mod config_edit;
pub(crate) mod config_lookup;
mod key_meaning;

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::backup::backup_journal;
use crate::backup::backup_journal::BackupEvent;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{
    CommandReport, ReportRow, report_json, report_table, serialize_path,
};
use crate::cli::output::RefusalReport;
use crate::config::arguments::ConfigCommand;
use hansa_audit_log::digest::Digest;
use hansa_identity::participant_identity;
use hansa_node::config::ConnectorConfig;
use hansa_node::dataset::published_lists;
use hansa_node::offer::offer_renewal;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::peer::peer_aliases;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::process::clock;
use hansa_node::release;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

impl Command for ConfigCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::Show | Self::Reference => CommandEffect::Looks,
        }
    }
}

impl ConnectorVerb for ConfigCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Show | Self::Reference => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::Show | Self::Reference => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            ConfigCommand::Show => {
                out.send_report(&ConfigReport::of(&connector.config()))
                    .await?;
            }
            ConfigCommand::Reference => {
                let reference = hansa_node::config::REFERENCE;
                out.send_document(report_json(&ConfigReference { reference }), reference)
                    .await?;
            }
        }
        Ok(0)
    }
}

/// Configuration in force.
#[derive(Debug, Serialize)]
struct ConfigReport<'a> {
    #[serde(serialize_with = "serialize_path")]
    file: &'a Path,
    participant: &'a ParticipantId,
    listen: Option<&'a str>,
    #[serde(serialize_with = "serialize_path")]
    state: &'a Path,
    /// Text of the file.
    text: &'a str,
    /// SHA-256 of the text, for a change that is made from it.
    digest: Digest,
    keys: Vec<ConfigKeyReport<'a>>,
}

/// Key of the configuration with the origin of its value.
#[derive(Debug, Serialize)]
struct ConfigKeyReport<'a> {
    key: &'a str,
    /// Value as written; absent: the default is effective. `***` for a value that gives access.
    value: Option<&'a str>,
    from: &'a str,
    /// Meaning in the words of the reference.
    meaning: Option<&'static str>,
    /// Moment at which a new value takes effect: `reload` or `start`.
    effect: &'static str,
}

impl<'a> ConfigReport<'a> {
    fn of(config: &'a ConnectorConfig) -> Self {
        let keys = config.origins.iter().map(|(key, origin)| ConfigKeyReport {
            key,
            value: match key_meaning::is_secret(key) {
                true => origin.value.as_ref().map(|_| "***"),
                false => origin.value.as_deref(),
            },
            from: &origin.from,
            meaning: key_meaning::meaning_of(key),
            effect: key_meaning::effect_of(key),
        });
        Self {
            file: &config.file,
            participant: &config.participant.id,
            listen: config.listen.as_deref(),
            state: &config.state,
            text: &config.text,
            digest: Digest::of(config.text.as_bytes()),
            keys: keys.collect(),
        }
    }
}

impl ReportRow for ConfigKeyReport<'_> {
    const HEADER: &'static [&'static str] = &["KEY", "VALUE", "FROM"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.key.to_owned(),
            self.value.unwrap_or_default().to_owned(),
            self.from.to_owned(),
        ]
    }
}

impl CommandReport for ConfigReport<'_> {
    fn to_text(&self) -> String {
        format!(
            "{}\nthe file is {}; hansa dataset show has the datasets, hansa config reference the defaults",
            report_table(&self.keys),
            self.file.display()
        )
    }
}

/// Reference of all keys with their defaults.
#[derive(Debug, Serialize)]
struct ConfigReference {
    reference: &'static str,
}

/// Reloads everything: checked whole, then swapped whole.
pub(crate) async fn reload_config(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let before = connector.config();
    let inner = Arc::clone(connector);
    let faults = run_blocking(move || reload_by_hand(&inner)).await?;
    out.send_report(&ReloadReport {
        reloaded: true,
        at_next_start: restart_only_changes(&before, &connector.config()),
        faults: RefusalReport::list(&faults),
    })
    .await?;
    for ended in offer_renewal::ended_offers(connector) {
        out.send_notice(crate::cli::output::warning_text(&ended.refusal))
            .await;
    }
    Ok(out.report_faults(&faults).await)
}

/// Configuration that was reloaded.
#[derive(Debug, Serialize)]
struct ReloadReport {
    reloaded: bool,
    /// Changed keys that count from the next start on.
    at_next_start: Vec<&'static str>,
    faults: Vec<RefusalReport>,
}

impl CommandReport for ReloadReport {
    fn to_text(&self) -> String {
        let mut text =
            "reloaded: configuration, certificate, trust bundle and offers; running answers continue"
                .to_owned();
        if !self.at_next_start.is_empty() {
            text.push_str(&format!(
                "\nonly from the next start on: {}",
                self.at_next_start.join(", ")
            ));
        }
        text
    }
}

/// The keys that changed and that a running connector can't take.
fn restart_only_changes(before: &ConnectorConfig, now: &ConnectorConfig) -> Vec<&'static str> {
    [
        ("listen.peer", before.listen != now.listen),
        ("clients", before.clients != now.clients),
        ("web", before.web != now.web),
        (
            "console.listen",
            before.console.listen != now.console.listen,
        ),
        ("console.name", before.console.name != now.console.name),
        (
            "console.certificate",
            before.console.certificate != now.console.certificate,
        ),
        (
            "monitoring.listen",
            before.monitoring.listen != now.monitoring.listen,
        ),
        (
            "officers.socket",
            before.officers.socket != now.officers.socket,
        ),
        (
            "limits.memory_of_all",
            before.limits.memory_of_all != now.limits.memory_of_all,
        ),
        ("limits.cores", before.limits.cores != now.limits.cores),
        (
            "limits.reserve",
            before.limits.reserve != now.limits.reserve,
        ),
    ]
    .into_iter()
    .filter_map(|(key, changed)| changed.then_some(key))
    .collect()
}

/// The same because a person said so, who has looked at the clock then.
///
/// # Errors
/// As [`reload_now`].
pub(crate) fn reload_by_hand(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let faults = reload_now(connector)?;
    connector.rely_on_clock()?;
    Ok(faults)
}

/// The same; what can't be offered is told at the next check.
pub(crate) fn reload_quietly(connector: &Arc<Connector>) -> Result<(), Refusal> {
    reload_now(connector).map(|_| ())
}

/// The configuration as its file says it now.
///
/// # Errors
/// The first problem in it, with the others as help.
pub(crate) fn read_current_config(connector: &Connector) -> Result<ConnectorConfig, Refusal> {
    ConnectorConfig::load(
        &connector.config().file,
        &config_lookup::environment_overrides(),
    )
    .map_err(combined_refusal)
}

/// Puts the configuration in force if its file says something else by now, for a command that goes by the files. What is wrong
/// with the offers by then is told by whoever renews them next.
///
/// # Errors
/// As [`reload_now`].
pub(crate) fn reload_if_changed(connector: &Arc<Connector>) -> Result<(), Refusal> {
    let (before, now) = (connector.config(), read_current_config(connector)?);
    if before.text == now.text && before.overrides == now.overrides {
        return Ok(());
    }
    reload_now(connector).map(drop)
}

/// Reads configuration, certificate and bundle again and puts them in force; an error changes nothing.
///
/// # Errors
/// The first problem, with the others as help.
pub(crate) fn reload_now(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let reloaded = reload_whole(connector);
    connector.metrics.set_reload_result(&reloaded);
    reloaded
}

fn reload_whole(connector: &Arc<Connector>) -> Result<Vec<Refusal>, Refusal> {
    let _one_at_a_time = connector.reloadable.reload_lock.lock();
    let before = connector.config();
    let config = ConnectorConfig::load(&before.file, &config_lookup::environment_overrides())
        .map_err(combined_refusal)?;
    if config.participant.id != before.participant.id || config.state != before.state {
        return Err(Refusal::new(
            ErrorCode::ConfigInvalid,
            "participant.id and state.dir can't change while the connector runs",
        )
        .with_help("stop the connector first"));
    }
    let taxonomy = hansa_proto::purpose_taxonomy::build_taxonomy(&config.purposes)?;
    let (published, mut faults) = published_lists::load_lists(&config.lists);
    let floor = connector.identity.trust.bundle().content().sequence;
    let moved = clock::clock_offset(&config)?;
    let by = moved.saturating_sub(before.clock.micros);
    let now = connector.now().plus_micros(by);
    let identity = participant_identity::load_identity(
        &config.trust.identity_files(),
        &config.participant.id,
        floor,
        now,
    )?;
    peer_aliases::check_aliases(&config, &connector.records.index(|state| state.peers())?)?;
    // What was permitted by the configuration before does not come behind the record of this one.
    let stop = connector.records.log.begin_stop();
    // In the log first; that the clock is moved with it shows in that very record.
    connector.adjustable_clock.set(moved);
    if let Err(refusal) = connector.note_config(&config) {
        connector.adjustable_clock.set(before.clock.micros);
        return Err(refusal);
    }
    connector.identity.trust.replace_identity(&identity)?;
    connector.identity.set_signer(Arc::clone(&identity.signer));
    connector.set_config(config, taxonomy, published);
    // What the bundle no longer allows ends also where nothing can be recorded.
    let noted = connector.note_bundle();
    connector.cut_strangers();
    drop(stop);
    noted?;
    faults.extend(offer_renewal::renew_offers(connector)?);
    faults.extend(connector.unexecutable_refusals());
    faults.extend(release::release_all_cells(connector));
    Ok(faults)
}

/// Writes a consistent copy of the state while it is in use: documents first, then the index, then the log, so that the log
/// is never older than what was copied before it.
pub(crate) async fn back_up_state(
    connector: &Arc<Connector>,
    file: &Path,
    out: &EventSink,
) -> CommandResult {
    let (inner, path) = (Arc::clone(connector), file.to_path_buf());
    let files = run_blocking(move || {
        let files = crate::backup::write_backup(&inner, &path)?;
        note_backup(&inner, &path, files);
        Ok(files)
    })
    .await?;
    out.send_report(&BackupReport { file, files }).await?;
    Ok(0)
}

/// Notes a copy for `hansa backup list`. The copy is good without the note.
fn note_backup(connector: &Connector, file: &Path, files: usize) {
    let event = BackupEvent::Made {
        file: backup_journal::journal_path(file),
        at: connector.now(),
        files: u64::try_from(files).unwrap_or(u64::MAX),
        bytes: std::fs::metadata(file).map_or(0, |found| found.len()),
    };
    if let Err(refusal) = backup_journal::note_event(&connector.config().state, &event) {
        tracing::warn!(%refusal, "backup.not_noted");
    }
}

/// Copy of the state.
#[derive(Debug, Serialize)]
struct BackupReport<'a> {
    #[serde(serialize_with = "serialize_path")]
    file: &'a Path,
    /// Number of files in it.
    files: usize,
}

impl CommandReport for BackupReport<'_> {
    fn to_text(&self) -> String {
        format!(
            "{} files written to {}; put them back with hansa restore",
            self.files,
            self.file.display()
        )
    }
}
