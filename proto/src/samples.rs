//! Sample values for tests.

pub(crate) mod random_policy;

use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{
    ColumnType, Dataset, DatasetColumn, DatasetDescription, GridDimension, RegisteredGrid,
};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{
    Agreement, Assignee, ContractParty, DatasetRef, LegalText, TemplateReference,
};
use hansa_policy::id::ClauseId;
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::language::Language;
use hansa_policy::term::purpose::OwnPurpose;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod, TimeBucketWidth};

pub(crate) fn sample_agreement() -> Agreement {
    Agreement {
        uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
        version: 1,
        supersedes: None,
        provider: sample_party("munster.example", 1),
        assignee: Assignee::Participant(sample_party("firma.example", 2)),
        dataset: DatasetRef {
            id: "hansa://munster.example/d/bike_counts".parse().unwrap(),
            schema: Digest::of(b"schema"),
            high_value: false,
        },
        clauses: sample_clauses(),
        not_before: "2026-12-01T00:00:00Z".parse().unwrap(),
        not_after: "2027-12-01T00:00:00Z".parse().unwrap(),
        purposes: "2.3:sha256:00".to_owned(),
        own_purposes: vec![OwnPurpose {
            name: "mobility-research".parse().unwrap(),
            parent: "dpv:ResearchAndDevelopment".parse().unwrap(),
            text: "Forschung über Mobilität".to_owned(),
        }],
        legal: Some(LegalText {
            text_ref: "mobility-research.pdf".to_owned(),
            text: Digest::of(b"text"),
            language: "de".to_owned(),
        }),
        template: None,
        signatory: None,
        rendering: PageRendering::default(),
        proposed_at: "2026-11-20T09:00:00Z".parse().unwrap(),
        nonce: crate::base64url::encode(&[7; 16]),
    }
}

/// Agreement that was filled from another participant's template.
pub(crate) fn agreement_from_template() -> Agreement {
    Agreement {
        template: Some(TemplateReference {
            author: "luebeck.example".parse().unwrap(),
            title: "Hanse mobility, basic".to_owned(),
            version: 3,
            sha256: Digest::of(b"template"),
        }),
        ..sample_agreement()
    }
}

pub(crate) fn public_view() -> Agreement {
    Agreement {
        assignee: Assignee::Public,
        supersedes: Some("ab".repeat(32).parse().unwrap()),
        signatory: Some(Digest::of(b"signatory")),
        legal: None,
        own_purposes: Vec::new(),
        clauses: Vec::new(),
        ..sample_agreement()
    }
}

/// Contract on rows: from a day through a day in Brussels, with quotas and duties.
pub(crate) fn rows_contract() -> Agreement {
    let name = |text: &str| text.parse().unwrap();
    let day = |max| PeriodQuota {
        max,
        per: QuotaPeriod::Days {
            count: QuotaDays::One,
            zone: "Europe/Brussels".parse().unwrap(),
        },
    };
    local_agreement(
        "Europe/Brussels",
        vec![
            Term::Purpose(vec!["dpv:AcademicResearch".parse().unwrap()]),
            Term::NotBefore("2025-12-31T23:00:00Z".parse().unwrap()),
            Term::NotAfter("2026-12-31T23:00:00Z".parse().unwrap()),
            Term::Columns(vec![name("site"), name("at"), name("bikes")]),
            Term::RowQuota(day(100)),
            Term::Queries(day(1)),
            Term::DeleteAfter { days: 30 },
            Term::Prohibit(ForbiddenUse::Distribute),
        ],
        "2025-12-31T23:00:00Z",
        "2026-12-31T23:00:00Z",
    )
}

/// Contract on groups of at least twelve devices: site by day, without a start date.
pub(crate) fn group_contract() -> Agreement {
    let name = |text: &str| -> hansa_policy::id::SqlIdentifier { text.parse().unwrap() };
    let whole = local_agreement(
        "Europe/Berlin",
        vec![
            Term::Purpose(vec![
                "mobility-research".parse().unwrap(),
                "dpv:ProvideOfficialStatistics".parse().unwrap(),
            ]),
            Term::Functions(vec![
                CubeFunction::Count,
                CubeFunction::Sum,
                CubeFunction::Avg,
            ]),
            Term::Dimensions(vec![name("site"), name("at")]),
            Term::Measures(vec![name("bikes")]),
            Term::TimeBucket {
                column: name("at"),
                bucket: TimeBucketWidth::Day,
                zone: Some("Europe/Berlin".to_owned()),
            },
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Term::MinGroup {
                at_least: 12,
                unit: CountingUnit::Column(name("device_id")),
            },
            Term::TotalsFromPublished,
        ],
        "2026-12-01T09:30:00Z",
        "2027-12-01T09:30:00Z",
    );
    Agreement {
        not_before: UtcTimestamp::EARLIEST,
        ..whole
    }
}

fn local_agreement(zone: &str, terms: Vec<Term>, from: &str, until: &str) -> Agreement {
    let numbered = terms.into_iter().zip(2..);
    Agreement {
        clauses: numbered
            .map(|(term, number)| Clause {
                id: ClauseId(number),
                term,
            })
            .collect(),
        not_before: from.parse().unwrap(),
        not_after: until.parse().unwrap(),
        rendering: PageRendering::of(Language::En).in_zone(zone),
        ..sample_agreement()
    }
}

/// Clauses with every term, numbered from 2.
pub(crate) fn sample_clauses() -> Vec<Clause> {
    Term::samples()
        .into_iter()
        .zip(2..)
        .map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        })
        .collect()
}

pub(crate) fn sample_party(domain: &str, key: u8) -> ContractParty {
    ContractParty {
        id: domain.parse().unwrap(),
        name: format!("The people of {domain}"),
        legal_id: (key == 1).then(|| "DE-1".to_owned()),
        signing_key: crate::base64url::encode(&[key; 32]),
        tls_issuer: Digest::of(&[key]),
    }
}

/// Agreement with few terms, for tests that change each byte.
pub(crate) fn short_agreement() -> Agreement {
    let mut kept = sample_clauses();
    kept.retain(|clause| {
        matches!(
            clause.term,
            Term::Purpose(_) | Term::Columns(_) | Term::ResultRows(_) | Term::DeleteAfter { .. }
        )
    });
    Agreement {
        clauses: kept,
        ..sample_agreement()
    }
}

/// Documents that differ from `json` by one additional member, one missing member, or one value of another type.
pub(crate) fn spoilt_documents(json: &Json) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    spoil_document(json, "", &mut |place, spoilt| found.push((place, spoilt)));
    found
}

fn spoil_document(json: &Json, at: &str, emit: &mut dyn FnMut(String, Json)) {
    match json {
        Json::Object(members) => {
            let mut more = members.clone();
            more.insert("zzz".to_owned(), Json::Null);
            emit(format!("{at}+zzz"), Json::Object(more));
            for (name, value) in members {
                let mut fewer = members.clone();
                fewer.remove(name);
                emit(format!("{at}-{name}"), Json::Object(fewer));
                spoil_document(value, &format!("{at}.{name}"), &mut |place, inner| {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), inner);
                    emit(place, Json::Object(changed));
                });
            }
        }
        Json::List(items) => {
            let mut more = items.clone();
            more.push(Json::Null);
            emit(format!("{at}[+]"), Json::List(more));
            for (index, value) in items.iter().enumerate() {
                spoil_document(value, &format!("{at}[{index}]"), &mut |place, inner| {
                    let mut changed = items.clone();
                    changed[index] = inner;
                    emit(place, Json::List(changed));
                });
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) => {
            emit(format!("{at}=[]"), Json::List(Vec::new()));
            emit(format!("{at}=2^50"), Json::Int(1 << 50));
        }
    }
}

pub(crate) fn sample_dataset() -> Dataset {
    let column = |name: &str, kind| DatasetColumn {
        name: name.parse().unwrap(),
        kind,
        nullable: false,
        unit: None,
        crs: None,
        personal: false,
        meaning: None,
        uncertainty: None,
        conversion: None,
        own_keys: None,
        distinct: 0,
    };
    let mut columns = vec![
        column("site", ColumnType::Text),
        column("operator", ColumnType::Text),
        column("device_id", ColumnType::Text),
        column("at", ColumnType::Instant),
        column("seen_at", ColumnType::Instant),
        column("local_date", ColumnType::Date),
        column("bikes", ColumnType::Int),
        column("lon", ColumnType::Float),
        column("lat", ColumnType::Float),
        column("open", ColumnType::Bool),
    ];
    columns[6].unit = Some("{count}".to_owned());
    columns[6].meaning = Some("Räder in einer Stunde".to_owned());
    columns[6].conversion = Some("none".to_owned());
    columns[7].crs = Some("OGC:CRS84".to_owned());
    columns[2].personal = true;
    columns[2].nullable = true;
    columns[2].own_keys = Some("device".parse().unwrap());
    columns[2].distinct = 64;
    let dimension =
        |column: &str, bucket: Option<TimeBucketWidth>, zone: Option<&str>| GridDimension {
            column: column.parse().unwrap(),
            bucket,
            zone: zone.map(str::to_owned),
        };
    Dataset {
        id: "hansa://munster.example/d/bike_counts".parse().unwrap(),
        title: "Radzählstellen".to_owned(),
        licence: "dl-de/by-2-0".to_owned(),
        attribution: Some("Stadt Münster".to_owned()),
        high_value: false,
        model: Some("bicycle_counts".to_owned()),
        kind: None,
        description: DatasetDescription::default(),
        queries: Vec::new(),
        unit_column: Some("device_id".parse().unwrap()),
        personal: true,
        columns,
        whole_schema: None,
        grid: Some(RegisteredGrid {
            id: "hansa://munster.example/grid/bike_counts-1".to_owned(),
            dimensions: vec![
                dimension("site", None, None),
                dimension("at", Some(TimeBucketWidth::Hour), Some("Europe/Berlin")),
                dimension("local_date", None, None),
            ],
            release: None,
        }),
        feed: None,
        version: "2026-11-20.3".to_owned(),
        published_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        rows: 123_456,
        bytes: 1_234_567,
        time_span: Some((
            "2026-01-01T00:00:00Z".parse().unwrap(),
            "2026-11-19T22:00:00Z".parse().unwrap(),
        )),
        area: Some([7.5, 51.9, 7.75, 52.0]),
        zone: "Europe/Berlin".to_owned(),
    }
}
