//! `hansa league rulebook`: signs the next version of the rulebook, takes in acceptances, and lists who has accepted what.

use crate::admin::command_result::combined_refusal;
use crate::cli::command_report::{CommandReport, ReportRow, serialize_optional_path};
use crate::cli::output::OutputSettings;
use crate::league::apply_clock_offset;
use crate::league::arguments::LeagueRulebookArgs;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::league::LeagueAuthority;
use hansa_identity::rulebook::{RulebookDraft, RulebookText, SignedRulebook};
use hansa_node::process::named_file::{read_named_file, write_named_file};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::{rulebook_acceptance, rulebook_toml};
use serde::Serialize;
use std::path::Path;

/// Carries it out.
///
/// # Errors
/// What the league refuses.
pub(super) fn run_rulebook_command(
    args: &LeagueRulebookArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let mut league = LeagueAuthority::open(&args.dir)?;
    let now = apply_clock_offset(&league, args.offset.as_deref(), now)?;
    if let Some(file) = &args.file {
        let rulebook = league.issue_rulebook(read_rulebook_draft(file)?, now)?;
        return report_signed_rulebook(&rulebook, args.output.as_deref(), show);
    }
    for file in &args.accepted {
        import_acceptance(&league, file, now, show)?;
    }
    match args.accepted.is_empty() {
        true => list_versions(&league, show),
        false => Ok(()),
    }
}

/// The rulebook as its files say it.
fn read_rulebook_draft(file: &Path) -> Result<RulebookDraft, Refusal> {
    let name = file.display().to_string();
    let text = read_named_file(file)?;
    let written = rulebook_toml::parse_rulebook(&String::from_utf8_lossy(&text), &name)
        .map_err(combined_refusal)?;
    let document = file.with_file_name(&written.text);
    let file_name = document.file_name().and_then(std::ffi::OsStr::to_str);
    let text = RulebookText::new(file_name.unwrap_or_default(), &read_named_file(&document)?)
        .map_err(|refusal| refusal.with_place(document.display().to_string(), None, None))?;
    Ok(RulebookDraft {
        title: written.title,
        text,
        from: written.from,
        offers: written.offers,
    })
}

fn report_signed_rulebook(
    rulebook: &SignedRulebook,
    output: Option<&Path>,
    show: OutputSettings,
) -> Result<(), Refusal> {
    if let Some(output) = output {
        write_named_file(output, &rulebook.to_bytes())?;
    }
    show.print_report(&IssuedRulebook {
        version: rulebook.version(),
        rulebook: rulebook.digest(),
        from: rulebook.content().draft.from,
        file: output,
    });
    Ok(())
}

/// Version of the rulebook that was signed.
#[derive(Debug, Serialize)]
struct IssuedRulebook<'a> {
    version: u64,
    /// Digest of the rulebook.
    rulebook: Digest,
    from: UtcTimestamp,
    #[serde(serialize_with = "serialize_optional_path")]
    file: Option<&'a Path>,
}

impl CommandReport for IssuedRulebook<'_> {
    fn to_text(&self) -> String {
        let (version, digest) = (self.version, self.rulebook);
        let next = match self.file.map(Path::display) {
            Some(file) => {
                format!("send {file} to every member, who runs: hansa rulebook install {file}")
            }
            None => "it is in the league's folder: rulebooks".to_owned(),
        };
        format!("version {version} of the rulebook is signed, digest {digest}\n{next}")
    }
}

/// Takes in an acceptance, if its participant signed it and it is of a version of this league.
fn import_acceptance(
    league: &LeagueAuthority,
    file: &Path,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let place = |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
    let bytes = read_named_file(file)?;
    let acceptance = rulebook_acceptance::from_envelope(&bytes).map_err(place)?;
    let version = acceptance.version;
    let rulebooks = league.rulebooks()?;
    let rulebook = rulebooks
        .iter()
        .find(|rulebook| rulebook.version() == version)
        .ok_or_else(|| {
            place(Refusal::new(
                ErrorCode::RulebookInvalid,
                format!("the league has signed no version {version} of its rulebook"),
            ))
        })?;
    acceptance
        .check(version, rulebook.digest(), &league.bundle().keys(now))
        .map_err(place)?;
    league.keep_acceptance(version, &acceptance.participant, &bytes)?;
    show.print_report(&ImportedAcceptance {
        participant: acceptance.participant,
        version,
        accepted_at: acceptance.accepted_at,
    });
    Ok(())
}

/// Acceptance of a version of the rulebook by a member.
#[derive(Debug, Serialize)]
struct ImportedAcceptance {
    participant: ParticipantId,
    version: u64,
    accepted_at: UtcTimestamp,
}

impl CommandReport for ImportedAcceptance {
    fn to_text(&self) -> String {
        format!(
            "{} accepted version {} of the rulebook at {}",
            self.participant.domain(),
            self.version,
            self.accepted_at
        )
    }
}

/// Every version with the members that have accepted it and those that have not.
fn list_versions(league: &LeagueAuthority, show: OutputSettings) -> Result<(), Refusal> {
    let members: Vec<_> = league.bundle().roster().members().collect();
    let mut rows = Vec::new();
    for rulebook in league.rulebooks()? {
        let (mut have, mut lack) = (Vec::new(), Vec::new());
        for member in &members {
            match league.acceptance(rulebook.version(), member)? {
                Some(_) => have.push(member.domain().to_owned()),
                None => lack.push(member.domain().to_owned()),
            }
        }
        let draft = &rulebook.content().draft;
        rows.push(ListedRulebook {
            version: rulebook.version(),
            title: draft.title.clone(),
            rulebook: rulebook.digest(),
            from: draft.from,
            accepted: have,
            not_accepted: lack,
        });
    }
    show.print_list(&rows);
    Ok(())
}

/// Version of the rulebook, with the domains of the members that have accepted it and of those that have not.
#[derive(Debug, Serialize)]
struct ListedRulebook {
    version: u64,
    title: String,
    /// Digest of the rulebook.
    rulebook: Digest,
    from: UtcTimestamp,
    accepted: Vec<String>,
    not_accepted: Vec<String>,
}

impl ReportRow for ListedRulebook {
    const HEADER: &'static [&'static str] =
        &["VERSION", "FROM", "DIGEST", "ACCEPTED", "NOT ACCEPTED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.version.to_string(),
            self.from.to_string().chars().take(10).collect(),
            self.rulebook.to_short_text(),
            self.accepted.join(", "),
            self.not_accepted.join(", "),
        ]
    }
}
