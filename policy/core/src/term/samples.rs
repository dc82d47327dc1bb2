//! Samples of every term, for the tests that no term is forgotten in a format, a hash or a text.

use super::Term;
use super::band::BandTerm;
use super::duty::ForbiddenUse;
use super::embargo::{EmbargoDelay, EmbargoTerm};
use super::inform::{InformEvent, NotificationTerm, Recipient};
use super::key_transfer::{KeyRecipients, KeyTransferTerm};
use super::legal_basis::LegalBasis;
use super::place_cells::PlaceCellsTerm;
use super::prefix::PrefixTerm;
use super::price::{PriceTerm, PriceUnit};
use super::pseudonym::PseudonymTerm;
use super::relative_window::{RelativeWindowTerm, WindowStart};
use super::schema_version::SchemaCompatibility;
use super::service_level::ServiceLevelTerm;
use crate::id::{PurposeId, SqlIdentifier};
use crate::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use crate::value::area::{BoundingBox, PublishedAreaTerm};
use crate::value::column::{LookupTerm, MaskValue};
use crate::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use crate::value::delivery::DeliveryFormat;
use crate::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};
use crate::value::time::{PeriodQuota, QuotaPeriod, TimeBucketWidth};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;

impl Term {
    /// At least one sample of each term and of each of its forms.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let quota = |max, per| PeriodQuota { max, per };
        let mut samples = vec![
            Self::Purpose(parse_purposes(&[
                "mobility-research",
                "dpv:ResearchAndDevelopment",
            ])),
            Self::PurposeNot(parse_purposes(&["dpv:Marketing"])),
            Self::NotBefore(parse_instant("2026-01-01T00:00:00Z")),
            Self::NotAfter(parse_instant("2027-12-31T23:00:00Z")),
        ];
        samples.extend(row_samples());
        samples.push(Self::Columns(parse_names(&["site", "local_date", "bikes"])));
        samples.extend(mask_samples());
        samples.extend(replacement_terms());
        for (column, bucket) in parse_names(&["t_a", "t_b", "t_c", "t_d", "t_e", "t_f"])
            .into_iter()
            .zip(TimeBucketWidth::ALL)
        {
            let zone = (bucket != TimeBucketWidth::Hour).then(|| "Europe/Berlin".to_owned());
            samples.push(Self::TimeBucket {
                column,
                bucket,
                zone,
            });
        }
        samples.extend(area_sample());
        samples.extend(place_samples());
        samples.extend([
            Self::Functions(vec![
                CubeFunction::Count,
                CubeFunction::Sum,
                CubeFunction::Avg,
            ]),
            Self::Functions(vec![
                CubeFunction::Count,
                CubeFunction::Variance,
                CubeFunction::Units,
            ]),
            Self::Dimensions(parse_names(&["site", "local_date"])),
            Self::Measures(parse_names(&["bikes"])),
            Self::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Self::MinGroup {
                at_least: 10,
                unit: CountingUnit::Rows,
            },
        ]);
        samples.extend(
            parse_names(&["device_id"])
                .into_iter()
                .map(|column| Self::MinGroup {
                    at_least: 5,
                    unit: CountingUnit::Column(column),
                }),
        );
        samples.extend(dominance_samples());
        samples.extend([
            Self::TotalsFromPublished,
            Self::SuppressComplement,
            Self::CellKey(5),
        ]);
        samples.extend(release_samples());
        samples.extend(budget_samples());
        for per in "Europe/Berlin"
            .parse()
            .iter()
            .flat_map(QuotaPeriod::list_periods)
        {
            samples.extend([
                Self::Queries(quota(1_000, per.clone())),
                Self::RowQuota(quota(10_000, per.clone())),
                Self::ByteQuota(quota(5_000_000, per)),
            ]);
        }
        samples.extend([
            Self::ResultRows(100_000),
            Self::DeleteAfter { days: 30 },
            Self::Attest { days: 45 },
            Self::Attribution("Source: City of Münster".to_owned()),
            Self::Prohibit(ForbiddenUse::Distribute),
            Self::Prohibit(ForbiddenUse::Sell),
            Self::Prohibit(ForbiddenUse::Derive),
        ]);
        samples.extend(super::prohibition::samples::prohibition_samples());
        samples.extend(conduct_samples());
        samples
    }
}

fn row_samples() -> Vec<Term> {
    let Ok(site) = "site".parse::<SqlIdentifier>() else {
        return Vec::new();
    };
    let text = |value: &str| FilterOperand::Literal(PolicyLiteral::Text(value.to_owned()));
    let equals = |with| RowFilter::Compare {
        column: site.clone(),
        op: ComparisonOperator::Eq,
        with,
    };
    vec![
        Term::Rows(equals(FilterOperand::Consumer)),
        Term::Rows(RowFilter::Or(vec![
            equals(text("it's")),
            RowFilter::Not(Box::new(RowFilter::IsNull {
                column: site.clone(),
                negated: false,
            })),
            RowFilter::And(vec![
                RowFilter::In {
                    column: site.clone(),
                    negated: true,
                    list: vec![text("A"), text("B")],
                },
                RowFilter::Between {
                    column: site.clone(),
                    negated: false,
                    low: FilterOperand::Literal(PolicyLiteral::Int(-3)),
                    high: FilterOperand::Literal(PolicyLiteral::Decimal("0.50".to_owned())),
                },
            ]),
        ])),
    ]
}

fn mask_samples() -> Vec<Term> {
    let masks = [
        MaskValue::Null,
        MaskValue::Constant(PolicyLiteral::Text("hidden".to_owned())),
        MaskValue::Constant(PolicyLiteral::Int(0)),
        MaskValue::Constant(PolicyLiteral::Decimal("0.5".to_owned())),
        MaskValue::Constant(PolicyLiteral::Bool(false)),
    ];
    parse_names(&["m_a", "m_b", "m_c", "m_d", "m_e"])
        .into_iter()
        .zip(masks)
        .map(|(column, mask)| Term::Mask { column, mask })
        .collect()
}

fn dominance_samples() -> Vec<Term> {
    let mut columns = parse_names(&["bikes", "site"]).into_iter();
    let (Some(measure), Some(unit)) = (columns.next(), columns.next()) else {
        return Vec::new();
    };
    let rules = [DominanceRule::P(15), DominanceRule::Nk { n: 2, k: 85 }];
    let rule = |rule| {
        Term::Dominance(DominanceTerm {
            measure: measure.clone(),
            unit: unit.clone(),
            rule,
        })
    };
    rules.map(rule).into()
}

fn conduct_samples() -> Vec<Term> {
    let lasts = |since| Term::Lasts(RelativeWindowTerm { days: 90, since });
    let price = |amount: &str, per| {
        Term::Price(PriceTerm {
            amount: amount.to_owned(),
            currency: "EUR".to_owned(),
            per,
            prepaid: None,
        })
    };
    let prepaid = |amount: &str, per, paid: &str| {
        Term::Price(PriceTerm {
            amount: amount.to_owned(),
            currency: "EUR".to_owned(),
            per,
            prepaid: Some(paid.to_owned()),
        })
    };
    let mut samples = vec![
        lasts(WindowStart::Activation),
        lasts(WindowStart::FirstUse),
        Term::JoinKeys(parse_names(&["lau_code", "hour"])),
        Term::JoinWith(Vec::new()),
        Term::KeysStay,
        Term::KeysTravel(KeyTransferTerm {
            columns: parse_names(&["lau_code"]),
            to: KeyRecipients::These("bremen.example".parse().into_iter().collect()),
        }),
        Term::KeysTravel(KeyTransferTerm {
            columns: parse_names(&["lau_code", "hour"]),
            to: KeyRecipients::Anybody,
        }),
        Term::RowsPerSecond(500),
        Term::Concurrent(4),
        Term::Formats(vec![DeliveryFormat::ArrowIpc]),
        Term::Exclusive,
        Term::Service(ServiceLevelTerm {
            availability: "99.5".to_owned(),
            p95_ms: 2_000,
        }),
        price("0.05", PriceUnit::Query),
        price("0.0001", PriceUnit::Row),
        price("1", PriceUnit::Megabyte),
        price("250", PriceUnit::Month),
        prepaid("0.002", PriceUnit::Row, "100"),
        Term::Inform(vec![
            InformEvent::FirstUse,
            InformEvent::Refusal,
            InformEvent::SchemaChange,
        ]),
        Term::Notify(NotificationTerm {
            events: vec![InformEvent::FirstUse, InformEvent::Refusal],
            recipients: Recipient::ALL.to_vec(),
        }),
        Term::ObtainConsent,
        Term::Receipts(20),
        Term::OneSidedReceipts,
        Term::OpenData,
        Term::Version(SchemaCompatibility::Exact),
        Term::Version(SchemaCompatibility::Compatible),
    ];
    samples.extend(
        "Mo-Fr,Su 06:00-20:00 Europe/Berlin"
            .parse()
            .ok()
            .map(Term::Hours),
    );
    samples.extend(LegalBasis::ALL.map(Term::LegalBasis));
    let networks = ["10.20.0.0/16", "fd00::/8"];
    let networks = networks.iter().filter_map(|text| text.parse().ok());
    samples.push(Term::Networks(networks.collect()));
    let sectors = ["nace:H49", "nace:O84", "nace2.1:H49.31"];
    let sectors = sectors.iter().filter_map(|text| text.parse().ok());
    samples.push(Term::Sector(sectors.collect()));
    samples.extend("hanse-cities".parse().ok().map(Term::Group));
    samples.extend("EU".parse().ok().map(Term::Region));
    let partners = ["hansa://munster.example/d/parishes"];
    let partners = partners.iter().filter_map(|text| text.parse().ok());
    samples.push(Term::JoinWith(partners.collect()));
    for (column, seconds) in parse_names(&["at_a", "at_b", "at_c"])
        .into_iter()
        .zip([86_400, 5_400, 1])
    {
        samples.push(Term::Embargo(EmbargoTerm {
            column,
            delay: EmbargoDelay(seconds),
        }));
    }
    samples
}

fn replacement_terms() -> Vec<Term> {
    let mut columns = parse_names(&["p_a", "p_b", "p_c", "p_d"]).into_iter();
    let mut next = move |make: &dyn Fn(SqlIdentifier) -> Term| columns.next().map(make);
    let terms = [
        next(&|column| Term::Pseudonym(PseudonymTerm { column, epoch: 1 })),
        next(&|column| Term::Prefix(PrefixTerm { column, length: 4 })),
        next(&|column| {
            Term::Band(BandTerm {
                column,
                edges: ["0", "18", "40.5", "65"].map(str::to_owned).to_vec(),
            })
        }),
        next(&|column| Term::Pseudonym(PseudonymTerm { column, epoch: 2 })),
    ];
    terms.into_iter().flatten().collect()
}

fn area_sample() -> Option<Term> {
    let mut columns = parse_names(&["lon", "lat"]).into_iter();
    Some(Term::Area {
        lon: columns.next()?,
        lat: columns.next()?,
        bounds: BoundingBox {
            west: "7.5".to_owned(),
            south: "51.90".to_owned(),
            east: "7.75".to_owned(),
            north: "52".to_owned(),
        },
    })
}

fn place_samples() -> Vec<Term> {
    let place = |lon: &str, lat: &str, cell: &str, size: &str| {
        Some(Term::PlaceCells(PlaceCellsTerm {
            lon: lon.parse().ok()?,
            lat: lat.parse().ok()?,
            cell: cell.parse().ok()?,
            size: size.parse().ok()?,
        }))
    };
    let all = [
        place("x_a", "y_a", "cell_a", "h3:8"),
        place("x_b", "y_b", "cell_b", "grid:1000"),
    ];
    let mut all: Vec<Term> = all.into_iter().flatten().collect();
    all.extend(published_list_terms());
    all
}

fn published_list_terms() -> Vec<Term> {
    let list = Digest::of(b"a published list");
    let area = |which: &str| {
        Some(Term::PublishedArea(PublishedAreaTerm {
            lon: "lon".parse().ok()?,
            lat: "lat".parse().ok()?,
            list,
            which: which.parse().ok()?,
        }))
    };
    let level = |column: &str, level: &str| {
        Some(Term::Lookup(LookupTerm {
            column: column.parse().ok()?,
            table: list,
            level: level.to_owned(),
        }))
    };
    let cells = |show: &str| {
        Some(Term::PlaceCells(PlaceCellsTerm {
            lon: "x_c".parse().ok()?,
            lat: "y_c".parse().ok()?,
            cell: "cell_c".parse().ok()?,
            size: format!("areas:{list}:{show}").parse().ok()?,
        }))
    };
    let all = [
        cells("LAU_ID"),
        area("name=Mitte"),
        area("DISTRICTE=05"),
        level("l_a", "section"),
        level("l_b", "the group"),
    ];
    all.into_iter().flatten().collect()
}

fn parse_names(list: &[&str]) -> Vec<SqlIdentifier> {
    list.iter().filter_map(|name| name.parse().ok()).collect()
}

fn parse_purposes(list: &[&str]) -> Vec<PurposeId> {
    list.iter().filter_map(|name| name.parse().ok()).collect()
}

fn parse_instant(text: &str) -> UtcTimestamp {
    text.parse().unwrap_or(UtcTimestamp::EARLIEST)
}

fn release_samples() -> Vec<Term> {
    let of = |(every, (_, late))| {
        let made = move |column| ReleaseTerm {
            column,
            every,
            late,
        };
        parse_names(&["at"])
            .into_iter()
            .map(made)
            .map(Term::Release)
    };
    TimeBucketWidth::ALL
        .into_iter()
        .zip(LateDataPolicy::ALL.into_iter().cycle())
        .flat_map(of)
        .collect()
}

fn budget_samples() -> Vec<Term> {
    let budget = |most: &str, each: &str| {
        Some(Term::Budget(PrivacyBudgetTerm {
            most: most.parse().ok()?,
            per: TimeBucketWidth::Month,
            each: each.parse().ok()?,
            unit: "device_id".parse().ok()?,
            cells: 3,
            rows: 1,
            bounds: vec![ClampRange {
                measure: "bikes".parse().ok()?,
                low: "0".parse().ok()?,
                high: "99.5".parse().ok()?,
            }],
            values: vec![DimensionValues {
                column: "site".parse().ok()?,
                list: ["Hafen", "Insel"].map(str::to_owned).to_vec(),
            }],
            from: parse_instant("2026-05-01T00:00:00Z"),
        }))
    };
    let alone = |mut term: Option<Term>| {
        if let Some(Term::Budget(budget)) = &mut term {
            budget.bounds.clear();
            budget.values.clear();
        }
        term
    };
    let all = [budget("1", "0.25"), alone(budget("0.5", "0.5"))];
    all.into_iter().flatten().collect()
}
