//! From a clause to its JSON.

use super::name::{BUCKETS, FORBIDDEN, FUNCTIONS, PERIODS, word};
use super::{SpareNumbers, iri, with};
use evidence::json::Json;
use policy::id::{Name, ParticipantId, PurposeId};
use policy::row_filter::Literal;
use policy::term::{Bounds, Clause, Mask, Quota, Term, Unit};

/// The clause as it stands in its place.
pub(super) fn clause(clause: &Clause, assigner: &ParticipantId, spare: &mut SpareNumbers) -> Json {
    let Clause { id, term } = clause;
    let constraint = |left: &str, operator: &str, right: Json| {
        Json::object([
            ("uid", Json::text(id)),
            ("leftOperand", Json::text(left)),
            ("operator", Json::text(operator)),
            ("rightOperand", right),
        ])
    };
    let quota = |left: &str, quota: &Quota| {
        let json = constraint(left, "lteq", integer(quota.max));
        with(json, "h:per", duration(word(&PERIODS, &quota.per)))
    };
    match term {
        Term::Purpose(purposes) => match purposes.as_slice() {
            [one] => constraint("purpose", "isA", purpose(one, assigner)),
            several => {
                let list = several.iter().map(|one| purpose(one, assigner)).collect();
                constraint("purpose", "isAnyOf", Json::List(list))
            }
        },
        Term::NotBefore(time) => constraint("dateTime", "gteq", typed("xsd:dateTime", time)),
        Term::NotAfter(time) => constraint("dateTime", "lt", typed("xsd:dateTime", time)),
        Term::Rows(filter) => constraint("h:rowFilter", "eq", Json::text(filter)),
        Term::Columns(columns) => constraint("h:columns", "isAnyOf", names(columns)),
        Term::Mask { column, mask } => {
            let json = match mask {
                Mask::Null => constraint("h:mask", "eq", iri("h:null")),
                Mask::Constant(value) => {
                    let json = constraint("h:mask", "eq", iri("h:constant"));
                    with(json, "h:value", literal(value))
                }
            };
            with(json, "h:column", Json::text(column))
        }
        Term::TimeBucket {
            column,
            bucket,
            zone,
        } => {
            let json = constraint("h:timeBucket", "eq", duration(word(&BUCKETS, bucket)));
            let json = with(json, "h:column", Json::text(column));
            match zone {
                Some(zone) => with(json, "h:zone", Json::text(zone)),
                None => json,
            }
        }
        Term::Area { lon, lat, bounds } => {
            let json = constraint("spatial", "isPartOf", typed("h:bbox", bbox(bounds)));
            with(
                json,
                "h:column",
                Json::List(vec![Json::text(lon), Json::text(lat)]),
            )
        }
        Term::Functions(functions) => {
            let list = functions.iter().map(|one| iri(word(&FUNCTIONS, one)));
            constraint("h:function", "isAnyOf", Json::List(list.collect()))
        }
        Term::Dimensions(columns) => constraint("h:dimensions", "isAnyOf", names(columns)),
        Term::Measures(columns) => constraint("h:measures", "isAnyOf", names(columns)),
        Term::Grid(grid) => constraint("h:cube", "eq", iri(grid)),
        Term::MinGroup { at_least, unit } => {
            let json = constraint("h:minContributors", "gteq", integer(u64::from(*at_least)));
            let unit = match unit {
                Unit::Column(column) => Json::text(column),
                Unit::Rows => iri("h:rows"),
            };
            with(json, "h:unit", unit)
        }
        Term::TotalsFromPublished => constraint("h:secondary", "eq", iri("h:fromPublishedOnly")),
        Term::Queries(limit) => quota("count", limit),
        Term::RowQuota(limit) => quota("h:rows", limit),
        Term::ByteQuota(limit) => quota("absoluteSize", limit),
        Term::ResultRows(rows) => constraint("h:resultRows", "lteq", integer(*rows)),
        Term::DeleteAfter { days } => {
            let within = Json::object([
                ("uid", Json::text(spare.draw())),
                ("leftOperand", Json::text("delayPeriod")),
                ("operator", Json::text("lteq")),
                ("rightOperand", duration(&format!("P{days}D"))),
            ]);
            Json::object([
                ("uid", Json::text(id)),
                ("action", Json::text("delete")),
                ("h:when", Json::text("h:within")),
                ("constraint", Json::List(vec![within])),
            ])
        }
        Term::Attribution(words) => Json::object([
            ("uid", Json::text(id)),
            ("action", Json::text("attribute")),
            ("h:when", Json::text("h:always")),
            ("h:text", Json::text(words)),
        ]),
        Term::Prohibit(forbidden) => Json::object([
            ("uid", Json::text(id)),
            ("action", Json::text(word(&FORBIDDEN, forbidden))),
        ]),
    }
}

/// Own purposes get the IRI of their provider, those of the vocabulary keep theirs.
fn purpose(purpose: &PurposeId, assigner: &ParticipantId) -> Json {
    if purpose.as_str().starts_with("dpv:") {
        iri(purpose.as_str())
    } else {
        iri(&format!("{assigner}/purpose/{purpose}"))
    }
}

fn names(columns: &[Name]) -> Json {
    Json::List(columns.iter().map(Json::text).collect())
}

fn typed(datatype: &str, value: impl std::fmt::Display) -> Json {
    Json::object([
        ("@value", Json::text(value)),
        ("@type", Json::text(datatype)),
    ])
}

fn integer(value: u64) -> Json {
    typed("xsd:integer", value)
}

fn duration(value: &str) -> Json {
    typed("xsd:duration", value)
}

fn literal(value: &Literal) -> Json {
    match value {
        Literal::Text(value) => typed("xsd:string", value),
        Literal::Int(value) => typed("xsd:integer", value),
        Literal::Decimal(value) => typed("xsd:decimal", value),
        Literal::Bool(value) => typed("xsd:boolean", value),
    }
}

/// The `bbox` of GeoJSON: west, south, east, north.
fn bbox(bounds: &Bounds) -> String {
    let Bounds {
        west,
        south,
        east,
        north,
    } = bounds;
    format!("[{west},{south},{east},{north}]")
}
