//! `hansa league rulebook`: signs the next version of the rulebook, takes in acceptances, and lists who has accepted what.

use crate::admin::command_result::combined_refusal;
use crate::cli::output::{OutputSettings, table};
use crate::cli::terminal::line_out;
use crate::league::apply_clock_offset;
use crate::league::arguments::LeagueRulebookArgs;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::league::LeagueAuthority;
use hansa_identity::rulebook::{RulebookDraft, RulebookText, SignedRulebook};
use hansa_node::process::named_file::{read, write};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::{rulebook_acceptance, rulebook_toml};
use serde_json::json;
use std::path::Path;

/// Carries it out.
///
/// # Errors
/// What the league refuses.
pub(super) fn run(
    args: &LeagueRulebookArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let mut league = LeagueAuthority::open(&args.dir)?;
    let now = apply_clock_offset(&league, args.offset.as_deref(), now)?;
    if let Some(file) = &args.file {
        let rulebook = league.issue_rulebook(draft(file)?, now)?;
        return report_signed_rulebook(&rulebook, args.output.as_deref(), show);
    }
    for file in &args.accepted {
        import_acceptance(&league, file, now, show)?;
    }
    match args.accepted.is_empty() {
        true => list(&league, show),
        false => Ok(()),
    }
}

/// The rulebook as its files say it.
fn draft(file: &Path) -> Result<RulebookDraft, Refusal> {
    let name = file.display().to_string();
    let text = read(file)?;
    let written =
        rulebook_toml::parse(&String::from_utf8_lossy(&text), &name).map_err(combined_refusal)?;
    let document = file.with_file_name(&written.text);
    let file_name = document.file_name().and_then(std::ffi::OsStr::to_str);
    let text = RulebookText::new(file_name.unwrap_or_default(), &read(&document)?)
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
        write(output, &rulebook.to_bytes())?;
    }
    let version = rulebook.version();
    let digest = rulebook.digest();
    let next = match output {
        Some(output) => format!(
            "send {} to every member, who runs: hansa rulebook install {}",
            output.display(),
            output.display()
        ),
        None => "it is in the league's folder: rulebooks".to_owned(),
    };
    show.result(
        &json!({
            "version": version,
            "rulebook": digest.to_string(),
            "from": rulebook.content().draft.from.to_string(),
            "file": output,
        }),
        &format!("version {version} of the rulebook is signed, digest {digest}\n{next}"),
    );
    Ok(())
}

/// Takes in an acceptance, if its participant signed it and it is of a version of this league.
fn import_acceptance(
    league: &LeagueAuthority,
    file: &Path,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let place = |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
    let bytes = read(file)?;
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
    show.result(
        &json!({
            "participant": acceptance.participant.as_str(),
            "version": version,
            "accepted_at": acceptance.accepted_at.to_string(),
        }),
        &format!(
            "{} accepted version {version} of the rulebook at {}",
            acceptance.participant.domain(),
            acceptance.accepted_at
        ),
    );
    Ok(())
}

/// Every version with the members that have accepted it and those that have not.
fn list(league: &LeagueAuthority, show: OutputSettings) -> Result<(), Refusal> {
    let members: Vec<_> = league.bundle().roster().members().collect();
    let mut rows = Vec::new();
    for rulebook in league.rulebooks()? {
        let (mut have, mut lack) = (Vec::new(), Vec::new());
        for member in &members {
            match league.acceptance(rulebook.version(), member)? {
                Some(_) => have.push(member.domain()),
                None => lack.push(member.domain()),
            }
        }
        let draft = &rulebook.content().draft;
        if show.json {
            let object = json!({
                "version": rulebook.version(),
                "title": draft.title,
                "rulebook": rulebook.digest().to_string(),
                "from": draft.from.to_string(),
                "accepted": have,
                "not_accepted": lack,
            });
            show.result(&object, "");
        }
        rows.push(vec![
            rulebook.version().to_string(),
            draft.from.to_string().chars().take(10).collect(),
            rulebook.digest().short(),
            have.join(", "),
            lack.join(", "),
        ]);
    }
    if !show.json {
        let head = ["VERSION", "FROM", "DIGEST", "ACCEPTED", "NOT ACCEPTED"];
        line_out(&table(&head, &rows));
    }
    Ok(())
}
