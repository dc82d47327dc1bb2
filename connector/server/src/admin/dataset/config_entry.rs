//! `hansa dataset add`: an entry of the configuration for files that nobody has described yet.

use crate::admin::CommandResult;
use crate::admin::command_envelope::CommandOptions;
use crate::admin::config::reload_quietly;
use crate::admin::dataset::offer_entry::{OfferBackground, offer_entry};
use crate::admin::dataset::publication;
use crate::admin::event_sink::EventSink;
use crate::cli::connector_command::offer_terms::OfferTermsArgs;
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use crate::workflow::publication::PublishOptions;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::parser::parse;
use hansa_query::ingest::schema_inference::draft_config::{DraftConfigOptions, entry};
use hansa_query::ingest::source_roots::SourceRoots;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A dataset that is added.
#[derive(Debug)]
pub(super) struct DatasetAddition {
    /// Its files.
    pub(super) files: Vec<PathBuf>,
    /// What a person says of it.
    pub(super) about: DraftConfigOptions,
    /// The terms on which it is offered.
    pub(super) terms: Box<OfferTermsArgs>,
    /// Whether it is published at once.
    pub(super) publish: bool,
}

/// Looks at the files and writes what was seen and assumed to the end of the configuration, with the offer on the terms that were named.
pub(super) async fn add(
    connector: &Arc<Connector>,
    addition: DatasetAddition,
    options: CommandOptions,
    out: &EventSink,
) -> CommandResult {
    let DatasetAddition {
        files,
        about,
        terms,
        publish,
    } = addition;
    let config = connector.config();
    let folder = std::path::absolute(config.folder()).unwrap_or_default();
    let roots = config.source_roots();
    let asked = about.columns.is_none();
    let title = about.title.clone();
    let (named, below, known) = (files.clone(), folder.clone(), roots.clone());
    let entry = blocking(move || entry(&paths(&named, &below), &roots, &about)).await?;
    let offer = offer_entry(
        &terms,
        &entry,
        title.as_deref(),
        &OfferBackground {
            taxonomy: &connector.reloadable.taxonomy(),
            today: today(connector)?,
            folder: &folder,
        },
    )?;
    let mut written = entry.text.clone();
    if let Some(offer) = &offer {
        written.push_str(&offer.text);
    }
    let policy = offer.as_ref().and_then(|offer| offer.policy.clone());
    if !options.dry_run {
        let (file, text) = (config.file.clone(), written.clone());
        let policy = policy.clone().map(|(path, text)| (folder.join(path), text));
        blocking(move || append_with_policy(&file, &text, policy.as_ref(), &known)).await?;
        reload_quietly(connector)?;
    }
    let name = &entry.name;
    let columns: Vec<Value> = entry
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "from": column.from,
                "type": column.kind,
                "leaves": column.leaves,
            })
        })
        .collect();
    let first = entry.unread.first.as_ref();
    let unread = first.map(|(file, line, why)| json!({"file": file, "line": line, "why": why}));
    let mut reported = String::new();
    if let Some((path, text)) = &policy {
        reported.push_str(&format!("\n\n{}:\n{}", path.display(), text.trim_end()));
    }
    if entry.unread.rows > 0 {
        reported.push_str(&format!("\n{}", entry.unread));
    }
    if asked {
        reported.push_str(
            "\nevery column of the entry may be shown by a contract: take away what must not leave",
        );
    }
    let place = config.file.display();
    let done = match (options.dry_run, publish) {
        (true, _) => format!("would be added to {place}"),
        (false, true) => format!("added to {place}"),
        (false, false) => format!(
            "added to {place}; look at it, correct what was assumed, then: hansa dataset publish {name}"
        ),
    };
    out.object(
        json!({
            "dataset": name.as_str(),
            "file": files.first(),
            "files": entry.files,
            "config": config.file,
            "entry": written,
            "policy": policy.as_ref().map(|(path, text)| json!({"file": path, "text": text})),
            "columns": columns,
            "rows_seen": entry.rows,
            "rows_unread": entry.unread.rows,
            "first_unread": unread,
            "written": !options.dry_run,
        }),
        format!("{}{reported}\n\n{done}", written.trim_end()),
    )
    .await?;
    if !publish || options.dry_run {
        return Ok(0);
    }
    let publish_options = PublishOptions {
        dry: false,
        anew: false,
    };
    let status = publication::publish(connector, &[name.to_string()], publish_options, out).await?;
    if status == 0
        && let Some(offer) = &offer
    {
        let alias = &config.participant.alias;
        out.notice(offer.next_steps(&format!("{alias}.{name}")))
            .await;
    }
    Ok(status)
}

/// The day of now, where the participant is.
fn today(connector: &Connector) -> Result<Date, Refusal> {
    let zone = &connector.config().participant.zone;
    let wrong = |cause: jiff::Error| {
        Refusal::new(ErrorCode::ConfigInvalid, format!("`{zone}`: {cause}")).caused_by(cause)
    };
    let now = jiff::Timestamp::from_microsecond(connector.now().micros()).map_err(wrong)?;
    Ok(now.in_tz(zone).map_err(wrong)?.date())
}

/// Writes the policy, if there is a new one, and then the entry that names it. A policy whose entry can't be added is taken away again.
fn append_with_policy(
    file: &Path,
    entry: &str,
    policy: Option<&(PathBuf, String)>,
    roots: &SourceRoots,
) -> Result<(), Refusal> {
    let Some((path, text)) = policy else {
        return append(file, entry, roots);
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
    crate::offline::write(path, text.as_bytes())?;
    append(file, entry, roots).inspect_err(|_| {
        if let Err(cause) = std::fs::remove_file(path) {
            tracing::warn!(%cause, "dataset.policy_left");
        }
    })
}

/// The paths as they will stand in the configuration, relative to its folder where they lie below it. Files that are all that a folder
/// has of their ending stand as a pattern, as whoever typed it meant before the shell wrote them out.
fn paths(files: &[PathBuf], folder: &Path) -> Vec<String> {
    let shown = |path: &Path| {
        let below = path.strip_prefix(folder).unwrap_or(path);
        below.display().to_string()
    };
    match pattern(files) {
        Some(pattern) => vec![shown(&pattern)],
        None => files.iter().map(|file| shown(file)).collect(),
    }
}

/// The pattern of which several files are all that there is.
fn pattern(files: &[PathBuf]) -> Option<PathBuf> {
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
fn append(file: &Path, entry: &str, roots: &SourceRoots) -> Result<(), Refusal> {
    let bytes = crate::offline::read(file)?;
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
        let read = parse(text, &shown, roots.clone());
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
    hansa_files::replace_keeping_readers(file, text.as_bytes())
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
        append(&file, ENTRY, &roots).unwrap();
        let before = read();
        assert!(before.ends_with(ENTRY), "{before}");
        let refusal = append(&file, ENTRY, &roots).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::ConfigInvalid, "{refusal:#?}");
        assert!(refusal.help.join(" ").contains("--name"), "{refusal:#?}");
        assert_eq!(read(), before);
        append(&file, &ENTRY.replace("\"bikes\"", "\"counts\""), &roots).unwrap();
        assert!(read().contains("\"counts\""));
        // What was wrong before is told elsewhere.
        std::fs::write(&file, "[[dataset]]\nname = 7\n").unwrap();
        append(&file, ENTRY, &roots).unwrap();
    }
}
