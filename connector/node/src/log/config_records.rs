//! Records of the current trust bundle and of the current configuration with its policies.

use crate::config::ConnectorConfig;
use crate::log::audit_event::{AuditEvent, list_texts, optional_text};
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::record::configuration::{ConfigurationRecord, TrustRecord};
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;
use std::path::Path;

impl Connector {
    /// Records the current bundle if it differs from the last recorded one.
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn note_bundle(&self) -> Result<(), Refusal> {
        let bundle = self.identity.trust.bundle();
        let sequence = bundle.content().sequence;
        if self.records.index(|state| state.stored_number("bundle"))? >= sequence {
            return Ok(());
        }
        let _durable = self.record_now(AuditEvent::from(TrustRecord {
            bundle: bundle.digest(),
            sequence,
            league: bundle.content().league.to_string(),
            members: list_texts(bundle.roster().members()),
        }))?;
        self.records.index(|_| Ok(()))
    }

    /// Records the digest of a configuration before it takes effect, if it differs from the last recorded one. The digest covers
    /// the file, the overrides from the environment, and every offered policy.
    ///
    /// # Errors
    /// If the log can't be written.
    pub fn note_config(&self, config: &ConnectorConfig) -> Result<(), Refusal> {
        let policies: BTreeSet<&Path> = config
            .offers
            .iter()
            .map(|offer| offer.policy.as_path())
            .collect();
        let policies = policies.into_iter().map(|path| {
            let name = path.strip_prefix(config.folder()).unwrap_or(path);
            let text = std::fs::read(path).ok();
            let digest = text.map(|text| Json::from_display(Digest::of(&text)));
            (name.display().to_string(), digest.unwrap_or(Json::Null))
        });
        let policies = Json::Object(policies.collect()).digest();
        let overrides = config.overrides.iter().map(|(name, value)| {
            (
                name.clone(),
                Json::from_display(Digest::of(value.as_bytes())),
            )
        });
        let whole = Json::object([
            (
                "file",
                Json::from_display(Digest::of(config.text.as_bytes())),
            ),
            ("overrides", Json::Object(overrides.collect())),
            ("policies", Json::from_display(policies)),
        ]);
        let digest = whole.digest();
        let house = std::fs::read(config.folder().join("policies/house.toml")).ok();
        let house = house.map(|text| Digest::of(&text));
        let kept = config.state.join("config.digest");
        let line = format!(
            "{digest} {}",
            house.map_or_else(String::new, |h| h.to_string())
        );
        let before = std::fs::read_to_string(&kept).unwrap_or_default();
        if before == line {
            return Ok(());
        }
        let _durable = self.record_now(AuditEvent::from(ConfigurationRecord {
            path: "hansa.toml".to_owned(),
            old: optional_text(before.split(' ').next().filter(|old| !old.is_empty())),
            new: digest,
            policies,
            overrides: list_texts(config.overrides.keys()),
            house,
            clock_offset_us: config.clock.micros,
        }))?;
        hansa_files::replace_file(&kept, line.as_bytes(), hansa_files::FileVisibility::Owner)
    }
}
