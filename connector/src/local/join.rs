//! `hansa join`: installs what the league sent back.

use crate::cli::show::Show;
use crate::config::Config;
use crate::local::read;
use evidence::time::Time;
use keep::trust::identity::{self, Files};
use policy::refusal::Refusal;
use serde_json::json;
use std::path::Path;

/// Where the configuration says that keys, certificate and bundle are.
pub(crate) fn files(config: &Config) -> Files {
    Files {
        signing_key: config.trust.signing_key.clone(),
        note_key: config.trust.note_key.clone(),
        tls_key: config.trust.tls_key.clone(),
        tls_cert: config.trust.tls_cert.clone(),
        bundle: config.trust.bundle.clone(),
    }
}

/// Installs certificate and bundle.
///
/// # Errors
/// When the file is for somebody else, of another league, or does not verify.
pub(crate) fn run(config: &Config, file: &Path, now: Time, show: Show) -> Result<(), Refusal> {
    let joined = identity::join(&files(config), &config.participant.id, &read(file)?, now)?;
    let content = joined.bundle.content();
    show.result(
        &json!({
            "participant": config.participant.id.as_str(),
            "league": content.league,
            "bundle": content.sequence,
            "valid_until": joined.not_after.to_string(),
        }),
        &format!(
            "{} has joined the league `{}`; its certificate is good until {}\nnext: hansa check, then hansa serve",
            config.participant.id.domain(),
            content.league,
            joined.not_after
        ),
    );
    Ok(())
}
