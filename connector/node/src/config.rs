//! Configuration of one connector. `hansa.toml` is read completely, and all its problems are reported at once.

pub mod audit;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod console;
pub mod dataspace;
pub mod limits;
pub(crate) mod machine;
pub mod monitoring;
mod named_tables;
pub mod notice;
pub mod offer;
pub mod officers;
pub mod participant;
pub mod peer;
pub mod person;
pub mod person_key;
pub mod portal;
pub mod reader;
mod saved_query;
pub mod template;
#[cfg(test)]
mod tests;
pub mod time_stamp;
pub mod trust;
pub mod unit;
pub(crate) mod value_origin;
pub mod web_origin;

use crate::config::audit::RetentionConfig;
use crate::config::clients::ClientsConfig;
use crate::config::clock::ClockOffset;
use crate::config::cluster::ClusterConfig;
use crate::config::console::ConsoleConfig;
use crate::config::dataspace::DataspaceConfig;
use crate::config::limits::LimitsConfig;
use crate::config::machine::MachineResources;
use crate::config::monitoring::MonitoringConfig;
use crate::config::notice::NoticeConfig;
use crate::config::offer::OfferConfig;
use crate::config::officers::OfficersConfig;
use crate::config::participant::ParticipantConfig;
use crate::config::peer::PeerConfig;
use crate::config::person::PersonConfig;
use crate::config::portal::PortalConfig;
use crate::config::reader::{ConfigSection, ConfigSource};
use crate::config::template::TemplateConfig;
use crate::config::time_stamp::TimeStampConfig;
use crate::config::trust::TrustConfig;
use crate::config::value_origin::ValueOrigin;
use hansa_policy::id::{ParticipantId, PurposeId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::purpose::OwnPurpose;
use hansa_proto::peer::query_request::BufferCompression;
use hansa_query::ingest::source_roots::SourceRoots;
use hansa_query::sql::saved_statement::SavedStatement;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every key with its default, for `hansa config reference`.
pub const REFERENCE: &str = include_str!("config/reference.toml");

/// Content of `hansa.toml`, with paths made absolute against its folder.
#[derive(Debug, Clone)]
pub struct ConnectorConfig {
    /// Path of the file.
    pub file: PathBuf,
    /// Absolute path of the folder with the file.
    root: PathBuf,
    /// Text of the file. The dataset tables are read from it.
    pub text: String,
    /// Values from the environment that override the file.
    pub overrides: BTreeMap<String, String>,
    /// `[participant]`
    pub participant: ParticipantConfig,
    /// `[listen] peer`; absent for a connector that is only a consumer.
    pub listen: Option<String>,
    /// `[clients]`
    pub clients: ClientsConfig,
    /// `[web]`
    pub web: ClientsConfig,
    /// `[console]`
    pub console: ConsoleConfig,
    /// `[person.NAME]`
    pub people: Vec<PersonConfig>,
    /// `[portal]`
    pub portal: Option<PortalConfig>,
    /// `[dataspace]`, `[partner.NAME]` and `[control_plane.NAME]`
    pub dataspace: Option<DataspaceConfig>,
    /// `[query.NAME]`
    pub queries: Vec<SavedStatement>,
    /// `[trust]`
    pub trust: TrustConfig,
    /// `[state] dir`
    pub state: PathBuf,
    /// `[lists] dir`: the published lists that contracts name.
    pub lists: PathBuf,
    /// `[sources] roots`: additional folders from which sources may be read.
    pub roots: Vec<PathBuf>,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[monitoring]`
    pub monitoring: MonitoringConfig,
    /// `[notice]`
    pub notice: NoticeConfig,
    /// `[officers]`
    pub officers: OfficersConfig,
    /// `[audit]`
    pub keeping: RetentionConfig,
    /// `[audit] time_stamp`
    pub time_stamp: Option<TimeStampConfig>,
    /// `[clock] offset`
    pub clock: ClockOffset,
    /// `[cluster]` and `[[worker]]`
    pub cluster: ClusterConfig,
    /// `[ask] purpose`
    pub purpose: Option<PurposeId>,
    /// `[ask] compress`: the compression of requested rows.
    pub(crate) compress: Option<BufferCompression>,
    /// `[[peer]]`
    pub peers: Vec<PeerConfig>,
    /// `[[offer]]`
    pub offers: Vec<OfferConfig>,
    /// `[[template]]`
    pub templates: Vec<TemplateConfig>,
    /// `[purpose.NAME]`
    pub purposes: Vec<OwnPurpose>,
    /// `[tenant]`: value of a tenant column, by the participant that it stands for.
    pub(crate) tenants: BTreeMap<ParticipantId, String>,
    /// Origin of each key's value. The tables of datasets are read elsewhere.
    pub origins: Vec<(String, ValueOrigin)>,
}

impl ConnectorConfig {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Every problem in the file, in its order.
    pub fn load(file: &Path, overrides: &BTreeMap<String, String>) -> Result<Self, Vec<Refusal>> {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|fault| {
            let code = if fault.kind() == std::io::ErrorKind::NotFound {
                ErrorCode::ConfigMissing
            } else {
                ErrorCode::FileMissing
            };
            vec![
                Refusal::new(code, format!("`{shown}` can't be read: {fault}"))
                    .with_help("create one with hansa init, or name it with --config"),
            ]
        })?;
        Self::parse(file, &text, overrides)
    }

    /// Reads and checks the text of a configuration file, which may differ from the text on disk.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(
        file: &Path,
        text: &str,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Refusal>> {
        let shown = file.display().to_string();
        // Without symbolic links and `..`: the engine takes the paths of snapshots literally.
        let folder = std::fs::canonicalize(file)
            .ok()
            .and_then(|path| path.parent().map(Path::to_path_buf))
            .unwrap_or_default();
        let source = ConfigSource::new(&shown, text, overrides);
        let parsed = source.file.parse()?;
        let root = ConfigSection::root(&source, &parsed);
        let config = Self::read(&root, text, overrides, file, folder);
        root.skip_key("dataset");
        root.finish();
        let mut faults = source.file.take_problems();
        faults.extend(source.seen.unknown_variable_refusals(overrides));
        let mut config = config.filter(|_| faults.is_empty()).ok_or(faults)?;
        config.origins = source.seen.into_keys();
        Ok(config)
    }

    fn read(
        root: &ConfigSection<'_>,
        text: &str,
        overrides: &BTreeMap<String, String>,
        file: &Path,
        folder: PathBuf,
    ) -> Option<Self> {
        let participant = participant::read_participant_config(root.section("participant"));
        let listen = root.section("listen");
        let address = listen.text("peer");
        listen.finish();
        let clients = clients::read_clients_config(root.section("clients"), &folder);
        let web = clients::read_clients_config(root.section("web"), &folder);
        let console = console::read_console_config(root.section("console"), &folder);
        let issuer = console.oidc.as_ref().map(|oidc| oidc.issuer.as_str());
        let people = person::read_people(root.section("person"), issuer);
        let portal = portal::read_portal_config(root.section("portal"));
        let dataspace = dataspace::read_dataspace_config(
            dataspace::DataspaceSections {
                dataspace: root.section("dataspace"),
                partners: root.section("partner"),
                control_planes: root.section("control_plane"),
            },
            &folder,
        );
        let queries = saved_query::read_all(root.section("query"));
        let trust = trust::read_trust_config(root.section("trust"), &folder);
        let state = root.section("state");
        let dir = state.text("dir").unwrap_or_else(|| "state".to_owned());
        state.finish();
        let lists = root.section("lists");
        let published = lists.text("dir").unwrap_or_else(|| "lists".to_owned());
        lists.finish();
        let sources = root.section("sources");
        let roots = sources.texts("roots").unwrap_or_default();
        sources.finish();
        let limits = limits::read_limits_config(root.section("limits"), MachineResources::read());
        let monitoring = monitoring::read_monitoring_config(root.section("monitoring"), &folder);
        let notice = notice::read_notice_config(root.section("notice"), &folder);
        let officers = officers::read_officers_config(root.section("officers"), &folder, &people);
        let (keeping, time_stamp) = audit::read_audit_config(root.section("audit"), &folder);
        let clock = clock::read_clock_offset(root.section("clock"));
        let cluster =
            cluster::read_cluster_config(root.section("cluster"), root.sections("worker"), &folder);
        let ask = root.section("ask");
        let purpose = ask.parse_value("purpose");
        let compress = ask.word(
            "compress",
            &[
                ("zstd", Some(BufferCompression::Zstd)),
                ("lz4", Some(BufferCompression::Lz4)),
                ("none", None),
            ],
        );
        ask.finish();
        let tables = root.sections("peer");
        let peers = peer::read_all(tables, participant.as_ref());
        let offers = root
            .sections("offer")
            .into_iter()
            .filter_map(|section| offer::read_offer_config(section, &folder))
            .collect();
        let tables = root.sections("template");
        let templates = template::read_all(tables, &folder);
        let purposes = named_tables::read_purposes(root.section("purpose"));
        let tenants = named_tables::read_tenants(root.section("tenant"));
        Some(Self {
            file: file.to_path_buf(),
            text: text.to_owned(),
            overrides: overrides.clone(),
            participant: participant?,
            listen: address,
            clients,
            web,
            console,
            people,
            portal,
            dataspace,
            queries,
            trust,
            state: folder.join(dir),
            lists: folder.join(published),
            roots: roots.into_iter().map(|root| folder.join(root)).collect(),
            limits,
            keeping,
            time_stamp,
            monitoring,
            notice,
            officers,
            clock,
            cluster,
            purpose,
            compress: compress.unwrap_or(Some(BufferCompression::Zstd)),
            peers,
            offers,
            templates,
            purposes,
            tenants,
            origins: Vec::new(),
            root: folder,
        })
    }

    /// Folder against which relative paths are resolved.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// Folders from which sources may be read, without the folders of the state and the keys.
    pub fn source_roots(&self) -> SourceRoots {
        let TrustConfig {
            bundle: _,
            tls_cert: _,
            tls_key,
            signing_key,
            note_key,
        } = &self.trust;
        let keys = [tls_key, signing_key, note_key].into_iter();
        // Files beside a key that lies in the folder of the configuration stay readable.
        let folders = keys.clone().filter_map(|key| key.parent());
        let folders = folders.filter(|folder| !self.root.starts_with(folder));
        let shown = [
            &self.clients.certificate,
            &self.web.certificate,
            &self.console.certificate,
        ];
        let shown = shown.into_iter().flatten();
        let issuer = self.console.oidc.as_ref();
        let barred = folders
            .map(Path::to_path_buf)
            .chain(keys.cloned())
            .chain(shown.map(|(_, key)| key.clone()))
            .chain(issuer.map(|issuer| issuer.secret_file.clone()))
            .chain([self.state.clone(), self.cluster.folder.clone()]);
        SourceRoots::of(&self.root)
            .with_further(self.roots.clone())
            .without_paths(barred)
    }

    /// Socket of the running connector.
    pub fn socket(&self) -> PathBuf {
        self.state.join("hansa.sock")
    }
}
