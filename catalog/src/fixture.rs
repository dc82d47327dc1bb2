//! Dataset for the tests of this package.

use crate::dataset::{
    ColumnType, Dataset, DatasetColumn, DatasetDescription, GridDimension, RegisteredGrid,
};
use crate::offer::{AgreementParameters, Offer, OfferRecipients, SigningMode};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, Ledger, Recorded};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{ActiveContracts, Agreement, Assignee, ContractRegistry};
use hansa_policy::id::{ContractId, SqlIdentifier};
use hansa_policy::term::Term;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::value::time::TimeBucketWidth;
use hansa_test_support::contract::{self, DiscardingLogStorage, party};
use std::collections::BTreeMap;

pub(crate) use hansa_test_support::contract::{CONSUMER, PROVIDER, clauses, ledger, participant};

pub(crate) const GRID: &str = "hansa://munster.example/grid/counts-1";

pub(crate) fn sql_name(text: &str) -> SqlIdentifier {
    text.parse().unwrap()
}

pub(crate) fn sql_names(list: &[&str]) -> Vec<SqlIdentifier> {
    list.iter().map(|text| sql_name(text)).collect()
}

pub(crate) fn parse_time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

pub(crate) fn sample_column(of: &str, kind: ColumnType) -> DatasetColumn {
    DatasetColumn {
        name: sql_name(of),
        kind,
        nullable: true,
        unit: None,
        crs: None,
        personal: false,
        meaning: None,
        uncertainty: None,
        conversion: None,
        own_keys: None,
        distinct: 0,
    }
}

/// Dataset with the columns `site` text, `at` instant (not null), `day` date, `bikes` int, `share` float, `open` bool, `device`
/// text, `lon`, `lat`.
pub(crate) fn counts_dataset() -> Dataset {
    let mut columns = vec![
        sample_column("site", ColumnType::Text),
        sample_column("at", ColumnType::Instant),
        sample_column("day", ColumnType::Date),
        sample_column("bikes", ColumnType::Int),
        sample_column("share", ColumnType::Float),
        sample_column("open", ColumnType::Bool),
        sample_column("device", ColumnType::Text),
        sample_column("lon", ColumnType::Float),
        sample_column("lat", ColumnType::Float),
    ];
    columns[1].nullable = false;
    let dimension = |of: &str, bucket, zone: Option<&str>| GridDimension {
        column: sql_name(of),
        bucket,
        zone: zone.map(str::to_owned),
    };
    Dataset {
        id: "hansa://munster.example/d/counts".parse().unwrap(),
        title: "Counts".to_owned(),
        licence: "proprietary".to_owned(),
        attribution: None,
        high_value: false,
        model: None,
        kind: None,
        description: DatasetDescription::default(),
        queries: Vec::new(),
        unit_column: Some(sql_name("device")),
        personal: false,
        columns,
        whole_schema: None,
        grid: Some(RegisteredGrid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("site", None, None),
                dimension("at", Some(TimeBucketWidth::Hour), Some("Europe/Berlin")),
                dimension("day", None, None),
            ],
            release: None,
        }),
        version: "2026-06-01.1".to_owned(),
        published_at: parse_time("2026-06-01T00:00:00Z"),
        rows: 1_000,
        bytes: 50_000,
        time_span: None,
        area: None,
        feed: None,
        zone: "Europe/Berlin".to_owned(),
    }
}

/// Small taxonomy: `dpv:Purpose` > `dpv:Research`.
pub(crate) fn sample_taxonomy() -> Taxonomy {
    let purpose = |text: &str| text.parse().unwrap();
    let vocabulary = BTreeMap::from([
        (purpose("dpv:Purpose"), Vec::new()),
        (purpose("dpv:Research"), vec![purpose("dpv:Purpose")]),
    ]);
    Taxonomy::new("2.1:sha256:test".to_owned(), vocabulary)
}

pub(crate) fn sample_offer(terms: impl IntoIterator<Item = Term>, to: OfferRecipients) -> Offer {
    Offer {
        dataset: counts_dataset().id,
        title: "Counts".to_owned(),
        clauses: clauses(terms),
        own_purposes: Vec::new(),
        not_before: parse_time("2026-01-01T00:00:00Z"),
        not_after: parse_time("2027-01-01T00:00:00Z"),
        legal: None,
        template: None,
        to,
        sign: SigningMode::Officer,
    }
}

pub(crate) fn sample_agreement(offer: &Offer, dataset: &Dataset) -> Agreement {
    let assignee = match offer.to {
        OfferRecipients::Public => Assignee::Public,
        OfferRecipients::League | OfferRecipients::Participants(_) => {
            Assignee::Participant(party(CONSUMER))
        }
    };
    let filled = AgreementParameters {
        uid: "urn:uuid:1".to_owned(),
        version: 1,
        supersedes: None,
        provider: party(PROVIDER),
        assignee,
        purposes: sample_taxonomy().label,
        signatory: None,
        rendering: PageRendering::default(),
        proposed_at: parse_time("2026-01-01T00:00:00Z"),
        nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    };
    offer.agreement(dataset, filled)
}

/// Registry with this contract, and its identity.
pub(crate) fn registry_with(agreement: Agreement) -> (ContractRegistry, ContractId) {
    let id = ContractId(Digest::of(format!("{agreement:?}").as_bytes()));
    (contract::registry([contract::signed(id, agreement)]), id)
}

pub(crate) fn in_force(registry: &ContractRegistry, id: ContractId) -> ActiveContracts {
    let now = parse_time("2026-06-01T00:00:00Z");
    let firm = contract::recognised_consumer(now);
    registry.in_force(&firm, &[id], now).unwrap()
}

pub(crate) fn record_evidence<T: Evidence>(
    ledger: &mut Ledger<DiscardingLogStorage>,
    value: T,
) -> Recorded<T> {
    contract::recorded(ledger, value, parse_time("2026-06-01T00:00:00Z"))
}
