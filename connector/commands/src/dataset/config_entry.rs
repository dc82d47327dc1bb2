//! `hansa dataset add`: an entry of the configuration for files that nobody has described yet.

use crate::admin::command_result::{CommandError, CommandResult, combined_refusal};
use crate::admin::connector_verb::CommandOptions;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::{CommandReport, serialize_optional_path, serialize_path};
use crate::config::reload_quietly;
use crate::dataset::offer_arguments::OfferTermsArgs;
use crate::dataset::offer_entry::{OfferBackground, offer_entry};
use crate::dataset::offer_policy::check_named_columns;
use crate::dataset::publication;
use crate::dataset::staged_files::StagedSource;
use hansa_node::dataset::publication::PublishOptions;
use hansa_node::offer::offers;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::parser::parse_datasets;
use hansa_query::ingest::schema_inference::UnreadableRows;
use hansa_query::ingest::schema_inference::draft_config::{
    DraftConfigOptions, DraftDatasetConfig, LeavingColumns, create_draft_entry,
};
use hansa_query::ingest::source_roots::SourceRoots;
use hansa_query::publication::dataset_entry;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A dataset that is added.
#[derive(Debug)]
pub(super) struct DatasetAddition {
    /// Its files.
    pub(super) source: AddedSource,
    /// What a person says of it.
    pub(super) about: DraftConfigOptions,
    /// The terms on which it is offered.
    pub(super) terms: Box<OfferTermsArgs>,
    /// Whether it is published at once.
    pub(super) publish: bool,
}

/// Files of a dataset that is added.
#[derive(Debug)]
pub(super) enum AddedSource {
    /// Files at their places.
    Files(Vec<PathBuf>),
    /// File that a person has staged. It gets its place with the entry.
    Staged(Box<StagedSource>),
}

impl AddedSource {
    /// Paths at which they are read before the dataset is added.
    fn list_read_paths(&self, folder: &Path) -> Vec<String> {
        match self {
            Self::Files(files) => config_paths(files, folder),
            Self::Staged(staged) => vec![staged.read_path().name.clone()],
        }
    }

    /// Folders from which they are read before the dataset is added.
    fn read_roots(&self, configured: SourceRoots) -> SourceRoots {
        match self {
            Self::Files(_) => configured,
            Self::Staged(staged) => staged.read_path().roots.clone(),
        }
    }

    /// First file, at its place once the dataset is added.
    fn first_file(&self) -> Option<&Path> {
        match self {
            Self::Files(files) => files.first().map(PathBuf::as_path),
            Self::Staged(staged) => Some(staged.target()),
        }
    }

    fn staged_source(&self) -> Option<&StagedSource> {
        match self {
            Self::Files(_) => None,
            Self::Staged(staged) => Some(staged),
        }
    }
}

/// Looks at the files and writes what was seen and assumed to the end of the configuration, with the offer on the terms that were named.
pub(super) async fn add_dataset(
    connector: &Arc<Connector>,
    addition: DatasetAddition,
    options: CommandOptions,
    out: &EventSink,
) -> CommandResult {
    let DatasetAddition {
        source,
        mut about,
        terms,
        publish,
    } = addition;
    let config = connector.config();
    let folder = std::path::absolute(config.folder()).unwrap_or_default();
    let known = config.source_roots();
    let roots = source.read_roots(known.clone());
    about.path = source
        .staged_source()
        .map(|staged| staged.entry_path().to_owned());
    let is_said = about.columns != LeavingColumns::Unsaid;
    let title = about.title.clone();
    let paths = source.list_read_paths(&folder);
    let mut entry = run_blocking(move || create_draft_entry(&paths, &roots, &about)).await?;
    check_named_columns(&terms, &entry, is_said)?;
    if publish {
        check_total(&entry)?;
    }
    let offer = offer_entry(
        &terms,
        &entry,
        title.as_deref(),
        &OfferBackground {
            taxonomy: &connector.reloadable.taxonomy(),
            today: current_date(connector)?,
            folder: &folder,
        },
    )?;
    let mut written = entry.text.clone();
    if let Some(offer) = &offer {
        written.push_str(&offer.text);
        entry.assumptions.extend(offer.assumptions.iter().cloned());
    }
    let policy = offer.as_ref().and_then(|offer| offer.policy.clone());
    check_policy(connector, &terms, &entry, policy.as_ref(), &known)?;
    let mut added = None;
    let source = Arc::new(source);
    let (file, text) = (config.file.clone(), written.clone());
    if options.dry_run {
        // The console shows the rehearsal as the page before the act.
        if source.staged_source().is_some() {
            run_blocking(move || check_addition(&file, &text, &known)).await?;
        }
    } else {
        let _turn = connector.reloadable.change_lock.lock().await;
        let policy = policy.clone().map(|(path, text)| (folder.join(path), text));
        let placed = Arc::clone(&source);
        let change = run_blocking(move || match placed.staged_source() {
            None => append_with_policy(&file, &text, policy.as_ref(), &known),
            Some(staged) => append_with_file(staged, || {
                append_with_policy(&file, &text, policy.as_ref(), &known)
            }),
        });
        let change = change.await?;
        if let Err(refusal) = reload_quietly(connector) {
            return Err(take_back(connector, change, refusal).await.into());
        }
        added = Some(change);
    }
    let name = &entry.name;
    let first = entry.unread.first.as_ref();
    out.send_report(&AddedDataset {
        dataset: name,
        file: source.first_file(),
        files: entry.files,
        config: &config.file,
        entry: &written,
        policy: policy
            .as_ref()
            .map(|(file, text)| AddedPolicy { file, text }),
        columns: AddedColumns::of(&entry),
        rows_seen: entry.rows,
        rows_unread: entry.unread.rows,
        first_unread: first.map(|(file, line, why)| UnreadableLine {
            file,
            line: *line,
            why,
        }),
        assumed: &entry.assumptions,
        questions: &entry.questions,
        written: !options.dry_run,
        unread: &entry.unread,
        names_columns: is_said,
        publish,
    })
    .await?;
    if options.dry_run {
        return Ok(0);
    }
    if !publish {
        release_staged(connector, &source).await;
        return Ok(0);
    }
    let publish_options = PublishOptions {
        dry: false,
        anew: false,
    };
    let is_there = || {
        connector
            .datasets
            .catalog(|catalog| catalog.dataset(name).is_some())
    };
    let was_there = is_there();
    let published =
        publication::publish_datasets(connector, &[name.to_string()], publish_options, out).await;
    let status = match (published, added) {
        // An entry that can't be published is not left to be stumbled over. What was published stays, whatever failed behind it.
        (Err(CommandError::Refused(refusal)), Some(change)) if was_there || !is_there() => {
            return Err(take_back(connector, change, *refusal).await.into());
        }
        (published, _) => published?,
    };
    release_staged(connector, &source).await;
    if status == 0
        && let Some(offer) = &offer
    {
        let alias = &config.participant.alias;
        out.send_notice(offer.next_steps(&format!("{alias}.{name}")))
            .await;
    }
    Ok(status)
}

async fn release_staged(connector: &Arc<Connector>, source: &AddedSource) {
    if let Some(staged) = source.staged_source() {
        staged.release(connector).await;
    }
}

/// Dataset that was added to the configuration, or would be.
#[derive(Debug, Serialize)]
struct AddedDataset<'a> {
    dataset: &'a SqlIdentifier,
    /// First of its files.
    #[serde(serialize_with = "serialize_optional_path")]
    file: Option<&'a Path>,
    /// Number of its files.
    files: usize,
    /// File of the configuration.
    #[serde(serialize_with = "serialize_path")]
    config: &'a Path,
    /// Text of the entry.
    entry: &'a str,
    policy: Option<AddedPolicy<'a>>,
    #[serde(flatten)]
    columns: AddedColumns,
    rows_seen: usize,
    rows_unread: u64,
    first_unread: Option<UnreadableLine<'a>>,
    assumed: &'a [String],
    questions: &'a [String],
    written: bool,
    #[serde(skip)]
    unread: &'a UnreadableRows,
    /// `true` if it was said which columns may leave.
    #[serde(skip)]
    names_columns: bool,
    #[serde(skip)]
    publish: bool,
}

/// Policy that was written for a dataset.
#[derive(Debug, Serialize)]
struct AddedPolicy<'a> {
    #[serde(serialize_with = "serialize_path")]
    file: &'a Path,
    text: &'a str,
}

/// Columns of a dataset that is added.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AddedColumns {
    /// The columns in their order.
    pub(super) columns: Vec<AddedColumn>,
}

/// Column of a dataset that is added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AddedColumn {
    /// Name in SQL.
    pub(super) name: String,
    /// Columns of the source that it is made of.
    pub(super) from: Vec<String>,
    /// Type.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// `true` if it is in the entry.
    pub(super) leaves: bool,
}

impl AddedColumns {
    fn of(entry: &DraftDatasetConfig) -> Self {
        let columns = entry.columns.iter().map(|column| AddedColumn {
            name: column.name.clone(),
            from: column.from.clone(),
            kind: column.kind.to_string(),
            leaves: column.leaves,
        });
        Self {
            columns: columns.collect(),
        }
    }
}

/// Line of a source that can't be read.
#[derive(Debug, Serialize)]
struct UnreadableLine<'a> {
    file: &'a str,
    line: u64,
    why: &'a str,
}

impl CommandReport for AddedDataset<'_> {
    fn to_text(&self) -> String {
        let mut text = self.entry.trim_end().to_owned();
        if let Some(AddedPolicy { file, text: policy }) = &self.policy {
            text.push_str(&format!("\n\n{}:\n{}", file.display(), policy.trim_end()));
        }
        if self.rows_unread > 0 {
            text.push_str(&format!("\n{}", self.unread));
        }
        if !self.names_columns {
            text.push_str(
                "\nevery column of the entry may be shown by a contract: take away what must not leave",
            );
        }
        push_list(&mut text, "assumed:", self.assumed);
        push_list(&mut text, "to be answered by you:", self.questions);
        let (name, place) = (self.dataset, self.config.display());
        text.push_str(&match (self.written, self.publish) {
            (false, _) => format!("\n\nwould be added to {place}"),
            (true, true) => format!("\n\nadded to {place}"),
            (true, false) => format!(
                "\n\nadded to {place}; look at it, correct what was assumed, then: hansa dataset publish {name}"
            ),
        });
        text
    }
}

/// Adds lines below a head, if there are any.
fn push_list(text: &mut String, head: &str, lines: &[String]) {
    if !lines.is_empty() {
        text.push_str(&format!("\n\n{head}"));
    }
    for line in lines {
        text.push_str(&format!("\n  - {line}"));
    }
}

/// Refuses an offer of which the words of the policy can't be read, before anything is written.
fn check_policy(
    connector: &Connector,
    terms: &OfferTermsArgs,
    entry: &DraftDatasetConfig,
    written: Option<&(PathBuf, String)>,
    roots: &SourceRoots,
) -> Result<(), Refusal> {
    let (path, text) = match (written, &terms.policy) {
        (Some((path, text)), _) => (path.clone(), text.clone()),
        (None, Some(path)) => {
            let bytes = hansa_node::process::named_file::read_named_file(path)?;
            (path.clone(), String::from_utf8_lossy(&bytes).into_owned())
        }
        (None, None) => return Ok(()),
    };
    let config = connector.config();
    // An entry that people have to complete is judged when it is complete.
    let Ok(datasets) = parse_datasets(
        &entry.text,
        &config.file.display().to_string(),
        roots.clone(),
    ) else {
        return Ok(());
    };
    let own = &config.participant;
    for dataset in &datasets {
        let unread = dataset_entry::unpublished_entry(dataset, &own.id, &own.zone, connector.now());
        let shown = path.display().to_string();
        match hansa_proto::policy_toml::parse_policy(&text, &shown, &unread) {
            Ok(draft) if draft.names_columns => {}
            Ok(_) => return Err(offers::unnamed_columns(&shown, entry.names())),
            Err(mut problems) => {
                // The grid that a policy of one's own needs is written into the entry afterwards.
                problems.retain(|one| one.code != ErrorCode::GridConflict);
                if !problems.is_empty() {
                    return Err(combined_refusal(problems));
                }
            }
        }
    }
    Ok(())
}

/// Refuses to publish at once what doubles every total.
fn check_total(entry: &DraftDatasetConfig) -> Result<(), Refusal> {
    let Some(total) = &entry.total else {
        return Ok(());
    };
    let sentence = format!(
        "the last row of `{}` seems to hold totals of the others, which would then be counted twice; nothing was added",
        total.file
    );
    let refusal = Refusal::new(ErrorCode::UsageWrong, sentence)
        .with_place(total.file.clone(), Some(total.line), None)
        .with_help(format!("leave it out: --skip-last-lines {}", total.lines))
        .with_help(format!(
            "it is a row like the others: --skip-last-lines {}",
            total.notes
        ));
    Err(refusal)
}

/// The day of now, where the participant is.
fn current_date(connector: &Connector) -> Result<Date, Refusal> {
    let zone = &connector.config().participant.zone;
    let wrong = |cause: jiff::Error| {
        Refusal::new(ErrorCode::ConfigInvalid, format!("`{zone}`: {cause}")).caused_by(cause)
    };
    let now = jiff::Timestamp::from_microsecond(connector.now().micros()).map_err(wrong)?;
    Ok(now.in_tz(zone).map_err(wrong)?.date())
}

/// Addition to a configuration, so that it can be taken back.
#[derive(Debug)]
struct ConfigAddition {
    file: PathBuf,
    before: String,
    after: String,
    policy: Option<PathBuf>,
    /// Copy of a staged file.
    data: Option<PathBuf>,
}

impl ConfigAddition {
    /// Puts the configuration back as it was, and the policy away; an error where somebody has changed it in between.
    fn undo(&self) -> Result<(), Refusal> {
        let now = hansa_node::process::named_file::read_named_file(&self.file)?;
        if now != self.after.as_bytes() {
            return Err(Refusal::new(
                ErrorCode::FileExists,
                format!(
                    "`{}` was changed by somebody else meanwhile",
                    self.file.display()
                ),
            ));
        }
        hansa_files::replace_keeping_readers(&self.file, self.before.as_bytes())?;
        if let Some(policy) = &self.policy
            && let Err(cause) = std::fs::remove_file(policy)
        {
            tracing::warn!(%cause, "dataset.policy_left");
        }
        if let Some(data) = &self.data {
            hansa_files::remove_file(data)?;
        }
        Ok(())
    }
}

/// Takes back what was added and adds to the refusal whether that went well.
async fn take_back(
    connector: &Arc<Connector>,
    change: ConfigAddition,
    refusal: Refusal,
) -> Refusal {
    let place = change.file.display().to_string();
    let undone = run_blocking(move || change.undo()).await;
    match undone.and_then(|()| reload_quietly(connector)) {
        Ok(()) => refusal.with_help(format!(
            "nothing stays in {place}; without --publish the entry is written, to be corrected before `hansa dataset publish`"
        )),
        Err(why) => refusal.with_help(format!(
            "the entry stays in {place}, since it can't be taken out: {}",
            why.sentence
        )),
    }
}

/// Gives a staged file its place, and adds the entry that names it. A file whose entry can't be added is taken away again.
fn append_with_file(
    staged: &StagedSource,
    append: impl FnOnce() -> Result<ConfigAddition, Refusal>,
) -> Result<ConfigAddition, Refusal> {
    staged.place()?;
    match append() {
        Ok(addition) => Ok(ConfigAddition {
            data: Some(staged.target().to_owned()),
            ..addition
        }),
        Err(refusal) => {
            hansa_files::remove_file(staged.target())?;
            Err(refusal)
        }
    }
}

/// Writes the policy, if there is a new one, and then the entry that names it. A policy whose entry can't be added is taken away again.
fn append_with_policy(
    file: &Path,
    entry: &str,
    policy: Option<&(PathBuf, String)>,
    roots: &SourceRoots,
) -> Result<ConfigAddition, Refusal> {
    let Some((path, text)) = policy else {
        return append_entry(file, entry, roots);
    };
    if path.exists() {
        return Err(Refusal::new(
            ErrorCode::FileExists,
            format!("`{}` is there already", path.display()),
        )
        .with_help(
            "offer it on that policy: --policy FILE; or give the dataset another name: --name NAME",
        ));
    }
    hansa_node::process::named_file::write_named_file(path, text.as_bytes())?;
    match append_entry(file, entry, roots) {
        Ok(addition) => Ok(ConfigAddition {
            policy: Some(path.clone()),
            ..addition
        }),
        Err(refusal) => {
            if let Err(cause) = std::fs::remove_file(path) {
                tracing::warn!(%cause, "dataset.policy_left");
            }
            Err(refusal)
        }
    }
}

/// The paths as they will stand in the configuration, relative to its folder where they lie below it. Files that are all that a folder
/// has of their ending stand as a pattern, as whoever typed it meant before the shell wrote them out.
fn config_paths(files: &[PathBuf], folder: &Path) -> Vec<String> {
    let shown = |path: &Path| {
        let below = path.strip_prefix(folder).unwrap_or(path);
        below.display().to_string()
    };
    match find_file_pattern(files) {
        Some(pattern) => vec![shown(&pattern)],
        None => files.iter().map(|file| shown(file)).collect(),
    }
}

/// The pattern of which several files are all that there is.
fn find_file_pattern(files: &[PathBuf]) -> Option<PathBuf> {
    let (first, rest) = files.split_first()?;
    let (parent, ending) = (first.parent()?, first.extension()?);
    let plain = !parent.to_string_lossy().contains(['*', '?', '[']);
    if rest.is_empty() || !plain {
        return None;
    }
    let of_them = |file: &Path| file.parent() == Some(parent) && file.extension() == Some(ending);
    let there = std::fs::read_dir(parent).ok()?.flatten();
    let there: BTreeSet<PathBuf> = there
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && of_them(path))
        .collect();
    let named: BTreeSet<PathBuf> = files.iter().cloned().collect();
    (named == there).then(|| parent.join(format!("*.{}", ending.to_string_lossy())))
}

/// Appends an entry to the configuration as it stands on disk, where people may have edited it since it was read. One with which it
/// would say something wrong is not added: nothing could be published any more.
fn append_entry(file: &Path, entry: &str, roots: &SourceRoots) -> Result<ConfigAddition, Refusal> {
    let addition = check_addition(file, entry, roots)?;
    hansa_files::replace_keeping_readers(file, addition.after.as_bytes())?;
    Ok(addition)
}

/// The configuration with an entry at its end.
///
/// # Errors
/// Why the entry would say something wrong; `FILE_MISSING` where the configuration can't be read.
fn check_addition(
    file: &Path,
    entry: &str,
    roots: &SourceRoots,
) -> Result<ConfigAddition, Refusal> {
    let bytes = hansa_node::process::named_file::read_named_file(file)?;
    let before = String::from_utf8(bytes).map_err(|cause| {
        Refusal::new(
            ErrorCode::ConfigInvalid,
            "the configuration is not in UTF-8",
        )
        .with_place(file.display().to_string(), None, None)
        .caused_by(cause)
    })?;
    let mut text = before.clone();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push('\n');
    text.push_str(entry);
    let shown = file.display().to_string();
    let problems = |text: &str| {
        let read = parse_datasets(text, &shown, roots.clone());
        read.err().unwrap_or_default()
    };
    let key = |problem: &Refusal| {
        problem
            .location
            .as_ref()
            .and_then(|location| location.key.clone())
    };
    let known = problems(&before);
    let added = problems(&text).into_iter().find(|problem| {
        // What was wrong before is told by others, and these two are left to people.
        let is_left = matches!(key(problem).as_deref(), Some("title" | "licence"));
        !is_left && !known.contains(problem)
    });
    if let Some(problem) = added {
        return Err(problem.with_help(
            "the configuration was left as it is; hansa dataset add --name NAME gives the dataset another name",
        ));
    }
    Ok(ConfigAddition {
        file: file.to_owned(),
        before,
        after: text,
        policy: None,
        data: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "[[dataset]]\nname = \"bikes\"\ntitle = \"Bikes\"\nlicence = \"\"\n[dataset.source]\nkind = \"text\"\n\
                         path = \"bikes.csv\"\n[[dataset.column]]\nname = \"site\"\n";

    #[test]
    fn no_second_dataset_of_a_name_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hansa.toml");
        let roots = SourceRoots::of(folder.path());
        let read = || std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, "[participant]\nid = \"lindau.example\"").unwrap();
        append_entry(&file, ENTRY, &roots).unwrap();
        let before = read();
        assert!(before.ends_with(ENTRY), "{before}");
        let refusal = append_entry(&file, ENTRY, &roots).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::ConfigInvalid, "{refusal:#?}");
        assert!(refusal.help.join(" ").contains("--name"), "{refusal:#?}");
        assert_eq!(read(), before);
        append_entry(&file, &ENTRY.replace("\"bikes\"", "\"counts\""), &roots).unwrap();
        assert!(read().contains("\"counts\""));
        // What was wrong before is told elsewhere.
        std::fs::write(&file, "[[dataset]]\nname = 7\n").unwrap();
        append_entry(&file, ENTRY, &roots).unwrap();
    }
    #[test]
    fn what_was_added_is_taken_back_unless_somebody_changed_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hansa.toml");
        let roots = SourceRoots::of(folder.path());
        let before = "[participant]\nid = \"lindau.example\"";
        std::fs::write(&file, before).unwrap();
        let policy = (folder.path().join("bikes.toml"), "x".to_owned());
        let added = append_with_policy(&file, ENTRY, Some(&policy), &roots).unwrap();
        assert!(policy.0.exists());
        added.undo().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
        assert!(!policy.0.exists());
        let added = append_entry(&file, ENTRY, &roots).unwrap();
        std::fs::write(&file, "# by hand\n").unwrap();
        added.undo().unwrap_err();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "# by hand\n");
    }
}
