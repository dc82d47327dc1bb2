//! Random policies for the dataset of the samples.

use super::sample_dataset;
use hansa_audit_log::day_zone::DayZone;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::band::BandTerm;
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::embargo::{EmbargoDelay, EmbargoTerm};
use hansa_policy::term::inform::{InformEvent, NotificationTerm, Recipient};
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use hansa_policy::term::legal_basis::LegalBasis;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::prefix::PrefixTerm;
use hansa_policy::term::price::{PriceTerm, PriceUnit};
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_policy::term::pseudonym::PseudonymTerm;
use hansa_policy::term::relative_window::{RelativeWindowTerm, WindowStart};
use hansa_policy::term::service_level::ServiceLevelTerm;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::area::{BoundingBox, PublishedAreaTerm};
use hansa_policy::value::column::{LookupTerm, MaskValue};
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use hansa_policy::value::delivery::DeliveryFormat;
use hansa_policy::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};
use hansa_policy::value::time::{PeriodQuota, QuotaPeriod, TimeBucketWidth};

/// Generator with equal numbers for equal seeds (splitmix64).
pub(crate) struct SplitMixRandom(pub(crate) u64);

impl SplitMixRandom {
    pub(crate) fn random_index(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.random_index(list.len())].clone()
    }

    /// Non-empty random part of a list, in its order.
    fn pick_sublist<T: Clone>(&mut self, list: &[T]) -> Vec<T> {
        let kept: Vec<T> = list
            .iter()
            .filter(|_| self.random_index(2) == 0)
            .cloned()
            .collect();
        if kept.is_empty() {
            vec![self.pick(list)]
        } else {
            kept
        }
    }

    fn random_bool(&mut self) -> bool {
        self.random_index(2) == 0
    }
}

/// Random clauses that a policy file can contain, in the order of its keys.
pub(crate) fn random_clauses(random: &mut SplitMixRandom) -> Vec<Clause> {
    let mut terms = Vec::new();
    let purposes = ["mobility-research", "dpv:PublicBenefit", "dpv:Marketing"];
    if random.random_bool() {
        let list = random.pick_sublist(&purposes);
        terms.push(Term::Purpose(
            list.iter().map(|one| one.parse().unwrap()).collect(),
        ));
    }
    if random.random_bool() {
        let instants = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25Z"];
        terms.push(Term::NotBefore(random.pick(&instants).parse().unwrap()));
    }
    if random.random_bool() {
        terms.push(Term::NotAfter("2027-06-30T22:00:00Z".parse().unwrap()));
    }
    if random.random_bool() {
        let columns: Vec<SqlIdentifier> = sample_dataset()
            .columns
            .into_iter()
            .map(|one| one.name)
            .collect();
        terms.push(Term::Columns(random.pick_sublist(&columns)));
    }
    if random.random_bool() {
        terms.push(Term::Rows(random_filter(random, 2)));
    }
    if random.random_bool() {
        terms.push(random_area(random));
    }
    for column in sample_dataset().columns {
        match random.random_index(6) {
            0 => terms.push(Term::Mask {
                mask: random_mask(random, column.kind),
                column: column.name,
            }),
            1 => terms.extend(random_bucket(random, column.name, column.kind)),
            2 if [ColumnType::Text, ColumnType::Int].contains(&column.kind) => {
                terms.push(random_replacement(random, column.name, column.kind));
            }
            _ => {}
        }
    }
    if random.random_index(4) == 0 {
        terms.push(random_place_cells(random));
    }
    if random.random_bool() {
        terms.push(published_area_term());
    }
    if random.random_bool() {
        terms.extend(random_aggregate(random));
    }
    add_random_limits(random, &mut terms);
    add_random_duties(random, &mut terms);
    add_random_conduct_terms(random, &mut terms);
    let placed = terms.into_iter().zip(2..);
    placed
        .map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        })
        .collect()
}

fn random_filter(random: &mut SplitMixRandom, depth: usize) -> RowFilter {
    let column: SqlIdentifier = random.pick(&["site", "operator", "bikes"]).parse().unwrap();
    match random.random_index(if depth == 0 { 4 } else { 6 }) {
        0 => RowFilter::Compare {
            column,
            op: random.pick(&[
                ComparisonOperator::Eq,
                ComparisonOperator::NotEq,
                ComparisonOperator::LtEq,
            ]),
            with: random_operand(random),
        },
        1 => RowFilter::In {
            column,
            negated: random.random_bool(),
            list: (0..=random.random_index(3))
                .map(|_| random_operand(random))
                .collect(),
        },
        2 => RowFilter::Between {
            column,
            negated: random.random_bool(),
            low: random_operand(random),
            high: random_operand(random),
        },
        3 => RowFilter::IsNull {
            column,
            negated: random.random_bool(),
        },
        4 => RowFilter::Or(vec![
            random_filter(random, 0),
            RowFilter::And(vec![random_filter(random, 0), random_filter(random, 0)]),
        ]),
        _ => RowFilter::Not(Box::new(random_filter(random, depth - 1))),
    }
}

fn random_operand(random: &mut SplitMixRandom) -> FilterOperand {
    match random.random_index(5) {
        0 => FilterOperand::Consumer,
        1 => FilterOperand::Literal(PolicyLiteral::Int(-3)),
        2 => FilterOperand::Literal(PolicyLiteral::Decimal("0.50".to_owned())),
        3 => FilterOperand::Literal(PolicyLiteral::Bool(true)),
        _ => FilterOperand::Literal(PolicyLiteral::Text(random_text(random))),
    }
}

fn random_text(random: &mut SplitMixRandom) -> String {
    let texts = [
        "A",
        "it's",
        "\"quoted\" \\ and \t",
        "Räder ≤ 3",
        "'''",
        "{{consumer}} 1",
        "",
    ];
    random.pick(&texts).to_owned()
}

fn random_area(random: &mut SplitMixRandom) -> Term {
    let degrees = ["-7.5", "0", "0.25", "51.90"];
    let mut edges = [
        random.random_index(4),
        random.random_index(4),
        random.random_index(4),
        random.random_index(4),
    ];
    if edges[0] > edges[2] {
        edges.swap(0, 2);
    }
    if edges[1] > edges[3] {
        edges.swap(1, 3);
    }
    let [west, south, east, north] = edges.map(|edge| degrees[edge].to_owned());
    Term::Area {
        lon: "lon".parse().unwrap(),
        lat: "lat".parse().unwrap(),
        bounds: BoundingBox {
            west,
            south,
            east,
            north,
        },
    }
}

fn published_area_term() -> Term {
    Term::PublishedArea(PublishedAreaTerm {
        lon: "lon".parse().unwrap(),
        lat: "lat".parse().unwrap(),
        list: Digest::of(b"list"),
        which: "name=it's \"so\"".parse().unwrap(),
    })
}

fn random_place_cells(random: &mut SplitMixRandom) -> Term {
    let areas = format!("areas:{}:NOM:x", Digest::of(b"list"));
    let sizes = ["h3:0", "h3:8", "grid:250", "grid:100000", &areas];
    Term::PlaceCells(PlaceCellsTerm {
        lon: "lon".parse().unwrap(),
        lat: "lat".parse().unwrap(),
        cell: random.pick(&["cell", "square"]).parse().unwrap(),
        size: random.pick(&sizes).parse().unwrap(),
    })
}

fn random_mask(random: &mut SplitMixRandom, kind: ColumnType) -> MaskValue {
    let constant = match kind {
        _ if random.random_bool() => return MaskValue::Null,
        ColumnType::Text => PolicyLiteral::Text(random_text(random)),
        ColumnType::Int => PolicyLiteral::Int(random.pick(&[0, -1, i64::MAX, i64::MIN])),
        ColumnType::Float => random.pick(&[
            PolicyLiteral::Int(3),
            PolicyLiteral::Decimal("-0.50".to_owned()),
        ]),
        ColumnType::Decimal(_) => PolicyLiteral::Int(3),
        ColumnType::Bool => PolicyLiteral::Bool(random.random_bool()),
        ColumnType::Date => PolicyLiteral::Text("2026-02-28".to_owned()),
        ColumnType::Instant => PolicyLiteral::Text("2026-02-28T12:00:00Z".to_owned()),
    };
    MaskValue::Constant(constant)
}

/// Random replacement for the values of a column of texts or integers, other than a mask.
fn random_replacement(
    random: &mut SplitMixRandom,
    column: SqlIdentifier,
    kind: ColumnType,
) -> Term {
    match random.random_index(3) {
        0 => Term::Pseudonym(PseudonymTerm {
            column,
            epoch: random.pick(&[1, 7]),
        }),
        1 if kind == ColumnType::Text => Term::Prefix(PrefixTerm {
            column,
            length: random.pick(&[1, 12]),
        }),
        1 => Term::Band(BandTerm {
            column,
            edges: ["-5", "0", "40.50"].map(str::to_owned).into(),
        }),
        _ => Term::Lookup(LookupTerm {
            column,
            table: Digest::of(b"table"),
            level: random.pick(&["section", "a \"group\""]).to_owned(),
        }),
    }
}

fn random_bucket(
    random: &mut SplitMixRandom,
    column: SqlIdentifier,
    kind: ColumnType,
) -> Option<Term> {
    let zones = [None, Some("Europe/Berlin"), Some("Asia/Kolkata")];
    let (buckets, zone) = match kind {
        ColumnType::Instant => (&TimeBucketWidth::ALL[..], random.pick(&zones)),
        ColumnType::Date => (&TimeBucketWidth::ALL[2..], None),
        ColumnType::Text
        | ColumnType::Int
        | ColumnType::Float
        | ColumnType::Decimal(_)
        | ColumnType::Bool => return None,
    };
    Some(Term::TimeBucket {
        column,
        bucket: random.pick(buckets),
        zone: zone.map(str::to_owned),
    })
}

fn random_aggregate(random: &mut SplitMixRandom) -> Vec<Term> {
    let dimensions: Vec<SqlIdentifier> = ["site", "operator", "local_date"]
        .map(|name| name.parse().unwrap())
        .into();
    let mut terms = vec![
        Term::Functions(random.pick_sublist(&CubeFunction::ALL)),
        Term::Dimensions(random.pick_sublist(&dimensions)),
    ];
    if random.random_bool() {
        terms.push(Term::Measures(vec!["bikes".parse().unwrap()]));
    }
    terms.push(Term::Grid(sample_dataset().grid.unwrap().id));
    if random.random_bool() {
        let unit = CountingUnit::Column("device_id".parse().unwrap());
        terms.push(Term::MinGroup {
            at_least: random.pick(&[1, 10, u32::MAX]),
            unit: random.pick(&[CountingUnit::Rows, unit]),
        });
    }
    for rule in [DominanceRule::P(15), DominanceRule::Nk { n: 2, k: 85 }] {
        if random.random_index(4) == 0 {
            terms.push(Term::Dominance(DominanceTerm {
                measure: "bikes".parse().unwrap(),
                unit: "device_id".parse().unwrap(),
                rule,
            }));
        }
    }
    if random.random_index(4) == 0 {
        terms.push(Term::Release(ReleaseTerm {
            column: "at".parse().unwrap(),
            every: random.pick(&TimeBucketWidth::ALL),
            late: random.pick(&LateDataPolicy::ALL).1,
        }));
    }
    if random.random_index(4) == 0 {
        terms.push(Term::Budget(random_budget(random)));
    }
    terms.push(random.pick(&[
        Term::TotalsFromPublished,
        Term::SuppressComplement,
        Term::CellKey(5),
    ]));
    terms
}

fn random_budget(random: &mut SplitMixRandom) -> PrivacyBudgetTerm {
    PrivacyBudgetTerm {
        most: "2".parse().unwrap(),
        per: random.pick(&TimeBucketWidth::ALL),
        each: random.pick(&["0.25", "2"]).parse().unwrap(),
        unit: "device_id".parse().unwrap(),
        cells: 3,
        rows: random.pick(&[1, 4]),
        bounds: vec![ClampRange {
            measure: "bikes".parse().unwrap(),
            low: "-1.5".parse().unwrap(),
            high: "99.5".parse().unwrap(),
        }],
        values: vec![DimensionValues {
            column: "site".parse().unwrap(),
            list: vec![random_text(random), "B".to_owned()],
        }],
        from: "2026-04-30T22:00:00Z".parse().unwrap(),
    }
}

fn add_random_limits(random: &mut SplitMixRandom, terms: &mut Vec<Term>) {
    let most: [u64; 6] = [
        1,
        17,
        65_536,
        1_000_000,
        5_000_000_000_000,
        9_223_372_036_854_775_807,
    ];
    let zone = random.pick(&["UTC", "Europe/Berlin", "Asia/Kolkata"]);
    let zone: DayZone = zone.parse().unwrap();
    for per in QuotaPeriod::list_periods(&zone) {
        if random.random_index(4) == 0 {
            let max = random.pick(&most);
            terms.push(Term::Queries(PeriodQuota { max, per }));
        }
    }
    for per in QuotaPeriod::list_periods(&zone) {
        if random.random_index(4) == 0 {
            let max = random.pick(&most);
            terms.push(Term::RowQuota(PeriodQuota { max, per }));
        }
    }
    for per in QuotaPeriod::list_periods(&zone) {
        if random.random_index(4) == 0 {
            let max = random.pick(&most);
            terms.push(Term::ByteQuota(PeriodQuota { max, per }));
        }
    }
    if random.random_bool() {
        terms.push(Term::ResultRows(random.pick(&most)));
    }
}

/// Adds random terms that stand alone, each at most once, in the order of the keys.
fn add_random_conduct_terms(random: &mut SplitMixRandom, terms: &mut Vec<Term>) {
    let column = || "at".parse::<SqlIdentifier>().unwrap();
    let all = [
        Term::RowsPerSecond(250),
        Term::Concurrent(4),
        Term::Receipts(20),
        Term::Exclusive,
        Term::Hours("Mo-Fr 06:00-20:00 Europe/Berlin".parse().unwrap()),
        Term::Networks(vec!["10.20.0.0/16".parse().unwrap()]),
        Term::Group("hanse-cities".parse().unwrap()),
        Term::Sector(vec!["nace:H49".parse().unwrap()]),
        Term::Version(hansa_policy::term::schema_version::SchemaCompatibility::Exact),
        Term::Region("EU".parse().unwrap()),
        Term::Lasts(RelativeWindowTerm {
            days: 90,
            since: random.pick(&[WindowStart::Activation, WindowStart::FirstUse]),
        }),
        Term::JoinKeys(vec!["site".parse().unwrap(), column()]),
        Term::KeysStay,
        Term::JoinWith(random.pick(&[
            Vec::new(),
            vec!["hansa://bremen.example/d/stops".parse().unwrap()],
        ])),
        Term::KeysTravel(KeyTransferTerm {
            columns: vec![column()],
            to: random.pick(&[
                KeyRecipients::Anybody,
                KeyRecipients::These(vec!["bremen.example".parse().unwrap()]),
            ]),
        }),
        Term::Formats(vec![DeliveryFormat::ArrowIpc]),
        Term::Service(ServiceLevelTerm {
            availability: "99.50".to_owned(),
            p95_ms: 2_000,
        }),
        Term::Price(PriceTerm {
            amount: "0.05".to_owned(),
            currency: "EUR".to_owned(),
            per: random.pick(&PriceUnit::ALL),
            prepaid: random.pick(&[None, Some("100".to_owned())]),
        }),
        Term::Price(PriceTerm {
            amount: "12".to_owned(),
            currency: "EUR".to_owned(),
            per: PriceUnit::Month,
            prepaid: None,
        }),
        Term::Inform(random.pick_sublist(&InformEvent::ALL)),
        Term::Embargo(EmbargoTerm {
            column: column(),
            delay: EmbargoDelay(random.pick(&[1, 60, 5_400, 7_200, 86_400])),
        }),
        Term::LegalBasis(LegalBasis::PublicTask),
        Term::Notify(NotificationTerm {
            events: random.pick_sublist(&InformEvent::ALL),
            recipients: random.pick_sublist(&Recipient::ALL),
        }),
        Term::ObtainConsent,
        Term::OneSidedReceipts,
        Term::OpenData,
    ];
    terms.extend(all.into_iter().filter(|_| random.random_index(3) == 0));
}

fn random_prohibition(random: &mut SplitMixRandom) -> ProhibitionTerm {
    let purposes = ["mobility-research", "dpv:Marketing"];
    let columns: Vec<SqlIdentifier> = sample_dataset()
        .columns
        .into_iter()
        .map(|one| one.name)
        .collect();
    let mut when = ProhibitionCondition::ALWAYS;
    if random.random_bool() {
        let list = random.pick_sublist(&purposes);
        when.purpose = Some(list.iter().map(|one| one.parse().unwrap()).collect());
    }
    if random.random_bool() {
        when.from = Some("2026-02-01T00:00:00.5Z".parse().unwrap());
    }
    if random.random_bool() {
        when.until = Some("2026-03-01T00:00:00Z".parse().unwrap());
    }
    if random.random_bool() {
        when.hours = Some("Mo-We,Sa 06:00-20:00 UTC".parse().unwrap());
    }
    if random.random_bool() {
        let networks = ["10.20.0.0/16", "2001:db8::/32"].map(|one| one.parse().unwrap());
        when.networks = Some(random.pick_sublist(&networks));
    }
    ProhibitionTerm {
        action: random.pick(&ProhibitedAction::ALL).1,
        part: match random.random_index(3) {
            0 => None,
            1 => Some(ProhibitedPart::Rows(random_filter(random, 2))),
            _ => Some(ProhibitedPart::Columns(random.pick_sublist(&columns))),
        },
        condition: when,
    }
}

fn add_random_duties(random: &mut SplitMixRandom, terms: &mut Vec<Term>) {
    if random.random_bool() {
        terms.push(Term::DeleteAfter {
            days: random.pick(&[1, 30, u32::MAX]),
        });
    }
    if random.random_bool() {
        terms.push(Term::Attest {
            days: random.pick(&[1, 45]),
        });
    }
    if random.random_bool() {
        terms.push(Term::Attribution(random_text(random)));
    }
    let forbidden = [
        ForbiddenUse::Distribute,
        ForbiddenUse::Sell,
        ForbiddenUse::Derive,
    ];
    if random.random_bool() {
        let some = random.pick_sublist(&forbidden);
        terms.extend(some.into_iter().map(Term::Prohibit));
    }
    if random.random_bool() {
        terms.push(Term::from(random_prohibition(random)));
    }
}
