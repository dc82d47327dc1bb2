//! Facts of one participant that bear on requirements: each is read from its state when it is asked for.

use crate::conformance::fact_value::{FactValue, ValidityEnd};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::OfferRecipients;
use hansa_node::config::ConnectorConfig;
use hansa_node::monitoring::readiness;
use hansa_node::monitoring::validity_period;
use hansa_node::monitoring::validity_period::ValidityPeriod;
use hansa_node::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_query::ingest::config::DatasetConfig;
use std::collections::BTreeSet;

const DAY: i64 = 86_400_000_000;

/// Fact of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ParticipantFact {
    /// How its people are reached.
    Contact,
    /// Its data protection officer.
    DataProtectionOfficer,
    /// Datasets that it publishes.
    Datasets,
    /// Their licences.
    Licences,
    /// Which of them lack a statement on quality.
    Quality,
    /// Which of them lack a statement on uncertainty.
    Uncertainty,
    /// Which of them lack a statement on how they were collected.
    CollectionMethods,
    /// Which of them lack a statement on the service.
    ServiceLevels,
    /// Which of them do not say how their values came about.
    Kinds,
    /// Which of them conform to a model.
    Models,
    /// Columns without a meaning.
    ColumnMeanings,
    /// Offers and public views.
    Offers,
    /// Whether others reach it, and by which address.
    Access,
    /// Contracts in force.
    Contracts,
    /// Contracts that are over.
    EndedContracts,
    /// Clauses in force, executed and recorded.
    Clauses,
    /// Contracts in force over personal data that it gives.
    PersonalContracts,
    /// Datasets with personal data, and whose they are.
    PersonalDatasets,
    /// Contracts over personal data that state a legal basis.
    LegalBases,
    /// Contracts over personal data that ask for deletion.
    DeletionDuties,
    /// Contracts over personal data that demand a region.
    RegionClauses,
    /// Answers that run, which a withdrawal would cut.
    RunningAnswers,
    /// Restrictions in force.
    Restrictions,
    /// What ends next.
    Validity,
    /// The key that signs.
    SigningKey,
    /// Officers, and whether two are needed.
    Officers,
    /// The league and its members.
    Membership,
    /// The log, its signed head, and who cosigned it.
    Log,
    /// What went to the archive, and what expired.
    Archive,
    /// For how long what is kept.
    Retention,
    /// What keeps it from answering.
    Readiness,
    /// Where metrics are read.
    Monitoring,
    /// By what its people are told.
    Notices,
    /// Forked logs and stated incidents.
    Incidents,
    /// Snapshots that are not as they were published.
    DamagedSnapshots,
    /// Receipts that are not acknowledged.
    Receipts,
    /// The version that runs.
    Version,
}

impl ParticipantFact {
    /// Its name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::DataProtectionOfficer => "data_protection_officer",
            Self::Datasets => "datasets",
            Self::Licences => "licences",
            Self::Quality => "quality",
            Self::Uncertainty => "uncertainty",
            Self::CollectionMethods => "collection_methods",
            Self::ServiceLevels => "service_levels",
            Self::Kinds => "kinds",
            Self::Models => "models",
            Self::ColumnMeanings => "column_meanings",
            Self::Offers => "offers",
            Self::Access => "access",
            Self::Contracts => "contracts",
            Self::EndedContracts => "ended_contracts",
            Self::Clauses => "clauses",
            Self::PersonalContracts => "personal_contracts",
            Self::PersonalDatasets => "personal_datasets",
            Self::LegalBases => "legal_bases",
            Self::DeletionDuties => "deletion_duties",
            Self::RegionClauses => "region_clauses",
            Self::RunningAnswers => "running_answers",
            Self::Restrictions => "restrictions",
            Self::Validity => "validity",
            Self::SigningKey => "signing_key",
            Self::Officers => "officers",
            Self::Membership => "membership",
            Self::Log => "log",
            Self::Archive => "archive",
            Self::Retention => "retention",
            Self::Readiness => "readiness",
            Self::Monitoring => "monitoring",
            Self::Notices => "notices",
            Self::Incidents => "incidents",
            Self::DamagedSnapshots => "damaged_snapshots",
            Self::Receipts => "receipts",
            Self::Version => "version",
        }
    }
}

/// Statement of a fact.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FactStatement {
    /// For people: one line.
    pub(crate) text: String,
    /// For programs.
    pub(crate) value: FactValue,
    /// What would fill a gap, where the fact is one.
    pub(crate) remedy: Option<&'static str>,
}

impl FactStatement {
    fn new(text: impl Into<String>, value: FactValue) -> Self {
        Self {
            text: text.into(),
            value,
            remedy: None,
        }
    }

    fn with_remedy(mut self, is_gap: bool, remedy: &'static str) -> Self {
        self.remedy = is_gap.then_some(remedy);
        self
    }
}

/// Contract in force over a dataset of this participant that has personal data.
struct PersonalContract {
    id: ContractId,
    agreement: Agreement,
}

/// State of a participant from which its facts are made, read once.
pub(crate) struct ParticipantFactSheet<'a> {
    connector: &'a Connector,
    /// Instant at which it was read.
    pub(crate) at: UtcTimestamp,
    config: std::sync::Arc<ConnectorConfig>,
    datasets: Vec<Dataset>,
    contracts: Vec<(ContractId, Agreement, ContractStatus)>,
    personal: Vec<PersonalContract>,
    periods: Vec<ValidityPeriod>,
    configured: Vec<DatasetConfig>,
}

impl<'a> ParticipantFactSheet<'a> {
    /// Reads the state; `configured` is what the configuration says of datasets. Blocks while the index is read.
    ///
    /// # Errors
    /// When the index or a document can't be read.
    pub(crate) fn collect(
        connector: &'a Connector,
        configured: Vec<DatasetConfig>,
    ) -> Result<Self, Refusal> {
        let at = connector.now();
        let datasets: Vec<Dataset> = connector
            .datasets
            .catalog(|catalog| catalog.datasets().cloned().collect());
        let contracts: Vec<(ContractId, Agreement, ContractStatus)> =
            connector.contracts.with_registry(|registry| {
                registry
                    .all_contracts(at)
                    .map(|(id, agreement, status)| (id, agreement.clone(), status))
                    .collect()
            });
        let is_personal = |agreement: &Agreement| {
            let mut own = datasets.iter();
            own.any(|dataset| dataset.id == agreement.dataset.id && dataset.personal)
        };
        let personal = contracts
            .iter()
            .filter(|(_, agreement, status)| {
                *status == ContractStatus::InForce && is_personal(agreement)
            })
            .map(|(id, agreement, _)| PersonalContract {
                id: *id,
                agreement: agreement.clone(),
            })
            .collect();
        Ok(Self {
            connector,
            at,
            config: connector.config(),
            datasets,
            contracts,
            personal,
            periods: validity_period::validity_periods(connector, usize::MAX)?.next,
            configured,
        })
    }

    /// Domain of the participant.
    pub(crate) fn participant(&self) -> String {
        self.connector.id().domain().to_owned()
    }

    /// What is the case.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(crate) fn state_fact(&self, fact: ParticipantFact) -> Result<FactStatement, Refusal> {
        let (config, connector) = (&self.config, self.connector);
        Ok(match fact {
            ParticipantFact::Contact => self.configured_fact(
                "contact",
                config.participant.contact.as_deref(),
                "set [participant] contact",
            ),
            ParticipantFact::DataProtectionOfficer => self.configured_fact(
                "data protection officer",
                config.participant.data_protection_officer.as_deref(),
                "set [participant] data_protection_officer",
            ),
            ParticipantFact::Datasets => {
                let count = self.datasets.len();
                FactStatement::new(
                    format!("{count} datasets published"),
                    FactValue::of_count(count),
                )
                .with_remedy(count == 0, "hansa dataset publish")
            }
            ParticipantFact::Licences => {
                let licences: BTreeSet<&str> = self
                    .datasets
                    .iter()
                    .map(|dataset| dataset.licence.as_str())
                    .collect();
                FactStatement::new(
                    format!("licences: {}", join_words(licences.iter().copied())),
                    FactValue::of_names(licences),
                )
            }
            ParticipantFact::Quality => self.state_lacking_datasets(
                "a statement on quality",
                "set [[dataset]] quality",
                |dataset| dataset.description.quality.is_none(),
            ),
            ParticipantFact::Uncertainty => self.state_lacking_datasets(
                "a statement on uncertainty",
                "set [[dataset]] uncertainty, or that of its columns",
                |dataset| {
                    let mut columns = dataset.columns.iter();
                    dataset.description.uncertainty.is_none()
                        && columns.all(|column| column.uncertainty.is_none())
                },
            ),
            ParticipantFact::CollectionMethods => self.state_lacking_datasets(
                "a statement on how they were collected",
                "set [[dataset]] collection_method",
                |dataset| dataset.description.collection_method.is_none(),
            ),
            ParticipantFact::ServiceLevels => self.state_lacking_datasets(
                "a statement on the service",
                "set [[dataset]] service_level",
                |dataset| dataset.description.service_level.is_none(),
            ),
            ParticipantFact::Kinds => {
                self.state_lacking_datasets("a kind", "set [[dataset]] kind", |dataset| {
                    dataset.kind.is_none()
                })
            }
            ParticipantFact::Models => {
                let models = self.select_dataset_names(|dataset| dataset.model.is_some());
                FactStatement::new(
                    format!("datasets that conform to a model: {}", join_words(&models)),
                    FactValue::of_names(models),
                )
            }
            ParticipantFact::ColumnMeanings => {
                let columns = self.datasets.iter().flat_map(|dataset| &dataset.columns);
                let (all, without) = columns.fold((0_u64, 0_u64), |(all, without), column| {
                    let lacks = u64::from(column.meaning.is_none());
                    (all.saturating_add(1), without.saturating_add(lacks))
                });
                FactStatement::new(
                    format!("{without} of {all} columns have no meaning"),
                    FactValue::ColumnMeanings {
                        columns: all,
                        without_meaning: without,
                    },
                )
                .with_remedy(without > 0, "set [[dataset.column]] meaning")
            }
            ParticipantFact::Offers => self.offers(),
            ParticipantFact::Access => match &config.listen {
                Some(address) => FactStatement::new(
                    format!("peers reach it on {address}"),
                    FactValue::Text(Some(address.clone())),
                ),
                None => FactStatement::new(
                    "it listens for nobody: it only consumes",
                    FactValue::Text(None),
                )
                .with_remedy(!self.datasets.is_empty(), "set [listen] peer"),
            },
            ParticipantFact::Contracts => self.contracts(),
            ParticipantFact::EndedContracts => self.ended_contracts(),
            ParticipantFact::Clauses => self.clauses(),
            ParticipantFact::PersonalContracts => {
                let count = self.personal.len();
                FactStatement::new(
                    format!("{count} contracts in force over own datasets with personal data"),
                    FactValue::of_count(count),
                )
            }
            ParticipantFact::PersonalDatasets => self.personal_datasets(),
            ParticipantFact::LegalBases => {
                self.personal_lacking("a legal basis", "offer a policy with legal_basis", |term| {
                    matches!(term, Term::LegalBasis(_))
                })
            }
            ParticipantFact::DeletionDuties => self.personal_lacking(
                "a duty of deletion",
                "offer a policy with delete_after among its duties",
                |term| matches!(term, Term::DeleteAfter { .. } | Term::Attest { .. }),
            ),
            ParticipantFact::RegionClauses => self.personal_lacking(
                "a clause on the region of the recipient",
                "offer a policy with region",
                |term| matches!(term, Term::Region(_)),
            ),
            ParticipantFact::RunningAnswers => {
                let count = connector.queries.running.count();
                FactStatement::new(
                    format!("{count} answers run now, which a withdrawal of their contract cuts"),
                    FactValue::of_count(count),
                )
            }
            ParticipantFact::Restrictions => {
                let restrictions = connector.reloadable.restrictions();
                let names: Vec<String> =
                    restrictions.keys().map(|id| id.name.to_string()).collect();
                FactStatement::new(
                    format!("datasets under a restriction: {}", join_words(&names)),
                    FactValue::of_names(names),
                )
            }
            ParticipantFact::Validity => self.validity(),
            ParticipantFact::SigningKey => {
                let signer = connector.identity.signer();
                let (algorithm, kid) = (signer.algorithm().as_str(), signer.kid().to_owned());
                FactStatement::new(
                    format!("signs with {algorithm}, key {kid}"),
                    FactValue::SigningKey {
                        algorithm,
                        key: kid,
                    },
                )
            }
            ParticipantFact::Officers => {
                let (users, second) = (config.officers.users.len(), config.officers.second);
                let needs = match second {
                    true => "two are needed for what lets out more, or ends a contract",
                    false => "one is enough for everything",
                };
                FactStatement::new(
                    format!("{users} officers are configured; {needs}"),
                    FactValue::Officers {
                        officers: users,
                        second,
                    },
                )
                .with_remedy(!second, "set [officers] users and second = \"looser\"")
            }
            ParticipantFact::Membership => self.membership()?,
            ParticipantFact::Log => self.log()?,
            ParticipantFact::Archive => {
                let log = &connector.records.log;
                let (archived, expired) = (log.archived_before(), log.expired_before());
                FactStatement::new(
                    format!(
                        "records before {archived} are archived; of those before {expired} some have expired"
                    ),
                    FactValue::Archive {
                        archived_before: archived,
                        expired_before: expired,
                    },
                )
            }
            ParticipantFact::Retention => {
                let days = |time: std::time::Duration| time.as_secs() / 86_400;
                let (decisions, texts) = (days(config.keeping.decisions), days(config.keeping.sql));
                FactStatement::new(
                    format!("decisions are kept {decisions} days, texts of questions {texts} days"),
                    FactValue::Retention {
                        decisions_days: decisions,
                        texts_days: texts,
                    },
                )
            }
            ParticipantFact::Readiness => {
                let checks = readiness::run_checks(connector);
                let faulty = checks.iter().filter(|check| check.fault.is_some());
                let faulty: Vec<&str> = faulty.map(|check| check.name).collect();
                FactStatement::new(
                    format!("what keeps it from answering: {}", join_words(&faulty)),
                    FactValue::of_names(&faulty),
                )
                .with_remedy(!faulty.is_empty(), "hansa doctor")
            }
            ParticipantFact::Monitoring => {
                let listen = config.monitoring.listen.map(|address| address.to_string());
                let text = listen.as_deref().map_or_else(
                    || "metrics are not served".to_owned(),
                    |address| format!("metrics are served on {address}"),
                );
                let is_gap = listen.is_none();
                FactStatement::new(text, FactValue::Text(listen))
                    .with_remedy(is_gap, "set [monitoring] listen")
            }
            ParticipantFact::Notices => {
                let notice = &config.notice;
                let channels: Vec<&str> = [
                    ("folder", notice.folder.is_some()),
                    ("webhook", notice.webhook.is_some()),
                    ("mail", notice.mail.is_some()),
                ]
                .into_iter()
                .filter_map(|(name, is_there)| is_there.then_some(name))
                .collect();
                FactStatement::new(
                    format!("people are told by: {}", join_words(&channels)),
                    FactValue::of_names(&channels),
                )
                .with_remedy(channels.is_empty(), "set [notice] folder, webhook or mail")
            }
            ParticipantFact::Incidents => {
                let (forks, incidents) = (connector.forks()?.len(), connector.incidents()?.len());
                FactStatement::new(
                    format!("{forks} forked logs are known, {incidents} incidents are stated"),
                    FactValue::Incidents { forks, incidents },
                )
                .with_remedy(forks > 0, "hansa audit heads")
            }
            ParticipantFact::DamagedSnapshots => {
                let damaged: Vec<String> = connector
                    .datasets
                    .snapshots
                    .damaged_datasets()
                    .keys()
                    .map(ToString::to_string)
                    .collect();
                FactStatement::new(
                    format!("damaged snapshots: {}", join_words(&damaged)),
                    FactValue::of_names(&damaged),
                )
                .with_remedy(!damaged.is_empty(), "hansa doctor")
            }
            ParticipantFact::Receipts => {
                let yesterday = self.at.plus_micros(-DAY);
                let count = connector
                    .records
                    .index(|state| state.count_unacknowledged_receipts(yesterday))?;
                FactStatement::new(
                    format!("{count} receipts are not acknowledged for more than a day"),
                    FactValue::Count(count),
                )
                .with_remedy(count > 0, "hansa audit reconcile PARTICIPANT")
            }
            ParticipantFact::Version => {
                let version = env!("CARGO_PKG_VERSION");
                FactStatement::new(
                    format!("hansa {version}"),
                    FactValue::Text(Some(version.to_owned())),
                )
            }
        })
    }

    fn configured_fact(
        &self,
        what: &str,
        value: Option<&str>,
        remedy: &'static str,
    ) -> FactStatement {
        let text = match value {
            Some(value) => format!("{what}: {value}"),
            None => format!("{what}: not stated"),
        };
        FactStatement::new(text, FactValue::Text(value.map(str::to_owned)))
            .with_remedy(value.is_none(), remedy)
    }

    fn select_dataset_names(&self, which: impl Fn(&Dataset) -> bool) -> Vec<String> {
        let fitting = self.datasets.iter().filter(|dataset| which(dataset));
        fitting.map(|dataset| dataset.id.name.to_string()).collect()
    }

    fn state_lacking_datasets(
        &self,
        what: &str,
        remedy: &'static str,
        lacks: impl Fn(&Dataset) -> bool,
    ) -> FactStatement {
        let names = self.select_dataset_names(lacks);
        FactStatement::new(
            format!(
                "{} of {} datasets lack {what}: {}",
                names.len(),
                self.datasets.len(),
                join_words(&names)
            ),
            FactValue::LackingDatasets {
                datasets: self.datasets.len(),
                lacking: names.clone(),
            },
        )
        .with_remedy(!names.is_empty(), remedy)
    }

    fn personal_lacking(
        &self,
        what: &str,
        remedy: &'static str,
        is_it: impl Fn(&Term) -> bool,
    ) -> FactStatement {
        let without = self.personal.iter().filter(|contract| {
            let mut clauses = contract.agreement.clauses.iter();
            !clauses.any(|clause| is_it(&clause.term))
        });
        let ids: Vec<String> = without
            .map(|contract| contract.id.to_short_text())
            .collect();
        FactStatement::new(
            format!(
                "{} of {} contracts over personal data lack {what}: {}",
                ids.len(),
                self.personal.len(),
                join_words(&ids)
            ),
            FactValue::LackingContracts {
                contracts: self.personal.len(),
                lacking: ids.clone(),
            },
        )
        .with_remedy(!ids.is_empty(), remedy)
    }

    fn in_force(&self) -> impl Iterator<Item = &Agreement> {
        let in_force = self
            .contracts
            .iter()
            .filter(|(_, _, status)| *status == ContractStatus::InForce);
        in_force.map(|(_, agreement, _)| agreement)
    }

    fn contracts(&self) -> FactStatement {
        let own = self.connector.id();
        let (given, taken): (Vec<&Agreement>, Vec<&Agreement>) = self
            .in_force()
            .partition(|agreement| agreement.provider.id == own);
        FactStatement::new(
            format!(
                "contracts in force: {} as provider, {} as consumer",
                given.len(),
                taken.len()
            ),
            FactValue::Contracts {
                as_provider: given.len(),
                as_consumer: taken.len(),
            },
        )
    }

    fn ended_contracts(&self) -> FactStatement {
        let count = |status: ContractStatus| {
            let fitting = self.contracts.iter();
            fitting.filter(|(_, _, is)| *is == status).count()
        };
        let (withdrawn, expired, superseded) = (
            count(ContractStatus::Withdrawn),
            count(ContractStatus::Expired),
            count(ContractStatus::Superseded),
        );
        FactStatement::new(
            format!(
                "contracts that are over: {withdrawn} withdrawn, {expired} expired, {superseded} superseded"
            ),
            FactValue::EndedContracts {
                withdrawn,
                expired,
                superseded,
            },
        )
    }

    fn clauses(&self) -> FactStatement {
        let clauses = self.in_force().flat_map(|agreement| &agreement.clauses);
        let (recorded, executed): (Vec<_>, Vec<_>) =
            clauses.partition(|clause| clause.term.is_recorded_only());
        FactStatement::new(
            format!(
                "clauses in force: {} are executed, {} are recorded and depend on the parties",
                executed.len(),
                recorded.len()
            ),
            FactValue::Clauses {
                executed: executed.len(),
                recorded: recorded.len(),
            },
        )
    }

    fn offers(&self) -> FactStatement {
        let now = self.connector.now();
        let (offers, public) = self.connector.datasets.catalog(|catalog| {
            let made = || catalog.offers().filter(|offer| now < offer.not_after);
            let public = made()
                .filter(|offer| offer.to == OfferRecipients::Public)
                .count();
            (made().count(), public)
        });
        FactStatement::new(
            format!("{offers} offers, {public} of them public views"),
            FactValue::Offers {
                offers,
                public_views: public,
            },
        )
    }

    fn personal_datasets(&self) -> FactStatement {
        let names = self.select_dataset_names(|dataset| dataset.personal);
        let without: Vec<&String> = names
            .iter()
            .filter(|name| {
                let entry = self
                    .configured
                    .iter()
                    .find(|config| config.name.as_str() == **name);
                entry.is_none_or(|config| config.data_subjects.is_none())
            })
            .collect();
        FactStatement::new(
            format!(
                "datasets with personal data: {}; without categories of data subjects: {}",
                join_words(&names),
                join_words(&without)
            ),
            FactValue::PersonalDatasets {
                datasets: names.clone(),
                without_data_subjects: without.iter().map(ToString::to_string).collect(),
            },
        )
        .with_remedy(!without.is_empty(), "set [[dataset]] data_subjects")
    }

    fn validity(&self) -> FactStatement {
        let due = self.periods.iter().filter(|period| period.is_due(self.at));
        let due: Vec<String> = due.map(|period| period.kind.as_str().to_owned()).collect();
        let ends = self.periods.iter().map(|period| ValidityEnd {
            what: period.kind.as_str(),
            name: period.name.clone(),
            at: period.ends,
        });
        let first = self.periods.first().map_or_else(
            || "nothing".to_owned(),
            |period| format!("{} {}, {}", period.kind.as_str(), period.name, period.until),
        );
        FactStatement::new(
            format!(
                "ends next: {first}; due to be renewed: {}",
                join_words(&due)
            ),
            FactValue::Validity(ends.collect()),
        )
        .with_remedy(!due.is_empty(), "hansa status says what renews it")
    }

    fn membership(&self) -> Result<FactStatement, Refusal> {
        let bundle = self.connector.identity.trust.bundle();
        let content = bundle.content();
        let peers = self.connector.known_peers()?.len();
        Ok(FactStatement::new(
            format!(
                "member of {}, bundle number {}, good until {}; {} participants in it, {peers} known by address",
                content.league,
                content.sequence,
                content.expires_at,
                content.parties.len()
            ),
            FactValue::Membership {
                league: content.league.clone(),
                bundle: content.sequence,
                until: content.expires_at,
                participants: content.parties.len(),
                peers,
                demo: content.demo,
            },
        )
        .with_remedy(content.demo, "join a league that is no demonstration"))
    }

    fn log(&self) -> Result<FactStatement, Refusal> {
        let log = &self.connector.records.log;
        let (size, head) = (log.size(), log.head().checkpoint.size);
        let witnesses = self.connector.records.index(|state| state.witnesses())?;
        let cosigned = witnesses.iter().map(|row| row.size).max();
        let by: BTreeSet<&str> = witnesses.iter().map(|row| row.peer.domain()).collect();
        Ok(FactStatement::new(
            format!(
                "{size} records; the newest signed head covers {head}; cosigned up to {} by {}",
                cosigned.unwrap_or(0),
                join_words(&by)
            ),
            FactValue::Log {
                records: size,
                head,
                cosigned,
                witnesses: by.iter().map(ToString::to_string).collect(),
            },
        )
        .with_remedy(
            by.is_empty(),
            "know a peer: partners cosign each other's heads",
        ))
    }
}

/// The words, or that there is none.
fn join_words<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words
        .into_iter()
        .map(|word| word.as_ref().to_owned())
        .collect();
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(", "),
    }
}
