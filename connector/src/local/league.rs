//! `hansa league`: a certificate authority and a signed trust bundle for pilots.

use crate::cli::LeagueVerb;
use crate::cli::show::{Show, line_out, table};
use crate::config::unit::shift;
use crate::local::{read, write};
use evidence::time::Time;
use keep::trust::keys::Algorithm;
use keep::trust::league::{Founding, League};
use policy::id::ParticipantId;
use policy::refusal::{Code, Refusal};
use serde_json::json;
use std::path::Path;

/// Carries out one of the league's verbs.
///
/// # Errors
/// What the league refuses.
pub(crate) fn run(verb: LeagueVerb, now: Time, show: Show) -> Result<(), Refusal> {
    match verb {
        LeagueVerb::Init { dir, name, demo } => init(&dir, name, demo, now, show),
        LeagueVerb::Admit {
            request,
            dir,
            output,
            days,
            offset,
        } => {
            let mut league = League::open(&dir)?;
            let now = moved(&league, offset.as_deref(), now)?;
            let admitted = league
                .admit(&read(&request)?, days, now)
                .map_err(|refusal| {
                    let refusal = refusal.with_place(request.display().to_string(), None, None);
                    if refusal.code == policy::refusal::Code::KeyInvalid {
                        refusal.with_help("name the .request file that `hansa init` wrote")
                    } else {
                        refusal
                    }
                })?;
            let file = output.unwrap_or_else(|| {
                request.with_file_name(format!("{}.join", admitted.id.domain()))
            });
            write(&file, &admitted.join.to_bytes())?;
            show.result(
                &json!({"participant": admitted.id.as_str(), "file": file, "valid_until": admitted.not_after.to_string()}),
                &format!(
                    "{} is admitted until {}; send it {} and it runs: hansa join {}",
                    admitted.id.domain(),
                    admitted.not_after,
                    file.display(),
                    file.display()
                ),
            );
            Ok(())
        }
        LeagueVerb::List { dir } => {
            list(&League::open(&dir)?, show);
            Ok(())
        }
        LeagueVerb::Expel { id, dir } => {
            let id: ParticipantId = id
                .parse()
                .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{id}`: {fault}")))?;
            let mut league = League::open(&dir)?;
            league.expel(&id, now)?;
            let sequence = league.bundle().content().sequence;
            show.result(
                &json!({"expelled": id.as_str(), "bundle": sequence}),
                &format!(
                    "{} is expelled; hand the new bundle (number {sequence}) to the participants: hansa league export",
                    id.domain()
                ),
            );
            Ok(())
        }
        LeagueVerb::Export {
            dir,
            output,
            offset,
        } => {
            let mut league = League::open(&dir)?;
            let now = moved(&league, offset.as_deref(), now)?;
            let bytes = league.export(now)?;
            match output {
                Some(file) => {
                    // It may be the file that a running connector reads.
                    keep::files::replace(&file, &bytes, keep::files::Readers::Everybody)?;
                    let sequence = league.bundle().content().sequence;
                    show.result(
                        &json!({"file": file, "bundle": sequence}),
                        &format!("bundle number {sequence} written to {}", file.display()),
                    );
                }
                None => line_out(&String::from_utf8_lossy(&bytes)),
            }
            Ok(())
        }
    }
}

/// The league's clock: it can be moved where the league is for a show, as those of its participants.
fn moved(league: &League, offset: Option<&str>, now: Time) -> Result<Time, Refusal> {
    let Some(offset) = offset else {
        return Ok(now);
    };
    let wrong = |sentence: String| Refusal::new(Code::UsageWrong, sentence);
    if !league.bundle().content().demo {
        return Err(wrong(
            "the clock can only be moved in a league that was founded with --demo".to_owned(),
        ));
    }
    let micros = shift(offset)
        .ok_or_else(|| wrong(format!("`{offset}` is not a time such as +8d or -90m")))?;
    Ok(now.plus_micros(micros))
}

fn init(dir: &Path, name: String, demo: bool, now: Time, show: Show) -> Result<(), Refusal> {
    let founding = Founding {
        name,
        algorithm: Algorithm::Es256,
        demo,
    };
    League::init(dir, &founding, now)?;
    show.result(
        &json!({"league": founding.name, "folder": dir, "demo": demo}),
        &format!(
            "the league `{}` is founded in {}\nnext: hansa league admit REQUEST --dir {}",
            founding.name,
            dir.display(),
            dir.display()
        ),
    );
    Ok(())
}

fn list(league: &League, show: Show) {
    let mut rows = Vec::new();
    for party in &league.bundle().content().parties {
        let state = match party.expelled_at {
            Some(at) => format!("expelled {at}"),
            None => "member".to_owned(),
        };
        if show.json {
            let object = json!({
                "participant": party.id.as_str(),
                "name": party.name,
                "address": party.address,
                "expelled_at": party.expelled_at.map(|at| at.to_string()),
            });
            show.result(&object, "");
        }
        rows.push(vec![
            party.id.domain().to_owned(),
            party.name.clone(),
            party.address.clone().unwrap_or_default(),
            state,
        ]);
    }
    if !show.json {
        line_out(&table(&["PARTICIPANT", "NAME", "ADDRESS", "STATE"], &rows));
    }
}
