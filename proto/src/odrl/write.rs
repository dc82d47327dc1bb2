//! From a clause to its JSON.

use super::name::{BUCKETS, FORBIDDEN, FUNCTIONS, PERIODS, word};
use super::{SpareNumbers, iri, with};
use evidence::json::Json;
use policy::id::{ClauseId, Name, ParticipantId, PurposeId};
use policy::row_filter::Literal;
use policy::term::{Bounds, Bucket, Clause, Function, Mask, Quota, Term, Unit};

/// The clause as it stands in its place.
pub(super) fn clause(clause: &Clause, assigner: &ParticipantId, spare: &mut SpareNumbers) -> Json {
    let Clause { id, term } = clause;
    let says = |left: &str, operator: &str, right: Json| constraint(*id, left, operator, right);
    match term {
        Term::Purpose(list) => purposes(*id, list, assigner),
        Term::NotBefore(time) => says("dateTime", "gteq", typed("xsd:dateTime", time)),
        Term::NotAfter(time) => says("dateTime", "lt", typed("xsd:dateTime", time)),
        Term::Rows(filter) => says("h:rowFilter", "eq", Json::text(filter)),
        Term::Columns(columns) => says("h:columns", "isAnyOf", names(columns)),
        Term::Mask { column, mask } => masked(*id, column, mask),
        Term::TimeBucket {
            column,
            bucket,
            zone,
        } => time_bucket(*id, column, *bucket, zone.as_deref()),
        Term::Area { lon, lat, bounds } => with(
            says("spatial", "isPartOf", typed("h:bbox", bbox(bounds))),
            "h:column",
            Json::List(vec![Json::text(lon), Json::text(lat)]),
        ),
        Term::Functions(list) => says("h:function", "isAnyOf", functions(list)),
        Term::Dimensions(columns) => says("h:dimensions", "isAnyOf", names(columns)),
        Term::Measures(columns) => says("h:measures", "isAnyOf", names(columns)),
        Term::Grid(grid) => says("h:cube", "eq", iri(grid)),
        Term::MinGroup { at_least, unit } => with(
            says("h:minContributors", "gteq", integer(u64::from(*at_least))),
            "h:unit",
            match unit {
                Unit::Column(column) => Json::text(column),
                Unit::Rows => iri("h:rows"),
            },
        ),
        Term::TotalsFromPublished => says("h:secondary", "eq", iri("h:fromPublishedOnly")),
        Term::Queries(limit) => quota(*id, "count", *limit),
        Term::RowQuota(limit) => quota(*id, "h:rows", *limit),
        Term::ByteQuota(limit) => quota(*id, "absoluteSize", *limit),
        Term::ResultRows(rows) => says("h:resultRows", "lteq", integer(*rows)),
        Term::DeleteAfter { days } => delete(*id, *days, spare.draw()),
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

fn constraint(id: ClauseId, left: &str, operator: &str, right: Json) -> Json {
    Json::object([
        ("uid", Json::text(id)),
        ("leftOperand", Json::text(left)),
        ("operator", Json::text(operator)),
        ("rightOperand", right),
    ])
}

fn quota(id: ClauseId, left: &str, quota: Quota) -> Json {
    let json = constraint(id, left, "lteq", integer(quota.max));
    with(json, "h:per", duration(word(&PERIODS, &quota.per)))
}

fn purposes(id: ClauseId, list: &[PurposeId], assigner: &ParticipantId) -> Json {
    // Own purposes get the IRI of their provider, those of the vocabulary keep theirs.
    let purpose = |one: &PurposeId| {
        if one.as_str().starts_with("dpv:") {
            iri(one.as_str())
        } else {
            iri(&format!("{assigner}/purpose/{one}"))
        }
    };
    match list {
        [one] => constraint(id, "purpose", "isA", purpose(one)),
        several => {
            let list = several.iter().map(purpose).collect();
            constraint(id, "purpose", "isAnyOf", Json::List(list))
        }
    }
}

fn masked(id: ClauseId, column: &Name, mask: &Mask) -> Json {
    let json = match mask {
        Mask::Null => constraint(id, "h:mask", "eq", iri("h:null")),
        Mask::Constant(value) => {
            let json = constraint(id, "h:mask", "eq", iri("h:constant"));
            with(json, "h:value", literal(value))
        }
    };
    with(json, "h:column", Json::text(column))
}

fn time_bucket(id: ClauseId, column: &Name, bucket: Bucket, zone: Option<&str>) -> Json {
    let width = duration(word(&BUCKETS, &bucket));
    let json = constraint(id, "h:timeBucket", "eq", width);
    let json = with(json, "h:column", Json::text(column));
    match zone {
        Some(zone) => with(json, "h:zone", Json::text(zone)),
        None => json,
    }
}

fn functions(list: &[Function]) -> Json {
    let list = list.iter().map(|one| iri(word(&FUNCTIONS, one)));
    Json::List(list.collect())
}

fn delete(id: ClauseId, days: u32, inner: ClauseId) -> Json {
    let within = constraint(inner, "delayPeriod", "lteq", duration(&format!("P{days}D")));
    Json::object([
        ("uid", Json::text(id)),
        ("action", Json::text("delete")),
        ("h:when", Json::text("h:within")),
        ("constraint", Json::List(vec![within])),
    ])
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
