//! From JSON to a clause. Each operand has its place, its operators and one datatype; anything else is refused.

use super::name::{BUCKETS, FORBIDDEN, FUNCTIONS, OPERANDS, PERIODS, Place};
use super::value::{bounds_of, is_decimal, is_zone};
use crate::strict::{Codes, Members, show};
use evidence::json::Json;
use policy::id::{ClauseId, Name, ParticipantId, PurposeId};
use policy::refusal::Refusal;
use policy::row_filter::{self, Literal};
use policy::term::{Bounds, Clause, Mask, Quota, Term, Unit};
use std::str::FromStr;

/// The clause that stands at `at`.
pub(super) fn clause(
    json: Json,
    at: String,
    place: Place,
    assigner: &ParticipantId,
) -> Result<Clause, Refusal> {
    let mut members = Members::of(json, at, Codes::POLICY)?;
    let id: ClauseId = members.parsed("uid")?;
    members.within(id);
    let term = match place {
        Place::Duty => duty(&mut members)?,
        Place::Prohibition => {
            let action = members.text("action")?;
            Term::Prohibit(one_of(&FORBIDDEN, &action, "prohibited action", &members)?)
        }
        Place::Permission | Place::Target | Place::Action => {
            constraint(&mut members, place, assigner)?
        }
    };
    members.finish()?;
    Ok(Clause { id, term })
}

fn duty(members: &mut Members) -> Result<Term, Refusal> {
    match members.text("action")?.as_str() {
        "delete" => {
            members.exactly_text("h:when", "h:within")?;
            let mut limits = members.items("constraint")?.into_iter();
            let (Some((at, within)), None) = (limits.next(), limits.next()) else {
                return Err(members
                    .codes()
                    .wrong("the duty `delete` has exactly one constraint, its delayPeriod"));
            };
            let mut within = Members::of(within, at, members.codes())?;
            let _: ClauseId = within.parsed("uid")?;
            within.exactly_text("leftOperand", "delayPeriod")?;
            within.exactly_text("operator", "lteq")?;
            let period = typed(&mut within, "rightOperand", "xsd:duration")?;
            let days = period
                .strip_prefix('P')
                .and_then(|rest| rest.strip_suffix('D'))
                .and_then(|digits| digits.parse().ok());
            let days = days.ok_or_else(|| {
                within
                    .codes()
                    .wrong(format!("`{period}` is no number of days such as P30D"))
            })?;
            within.finish()?;
            Ok(Term::DeleteAfter { days })
        }
        "attribute" => {
            members.exactly_text("h:when", "h:always")?;
            Ok(Term::Attribution(members.text("h:text")?))
        }
        other => Err(members
            .codes()
            .unknown(format!("the duty `{other}` is not known"))),
    }
}

fn constraint(
    members: &mut Members,
    place: Place,
    assigner: &ParticipantId,
) -> Result<Term, Refusal> {
    let left = members.text("leftOperand")?;
    in_its_place(&left, place, members.codes())?;
    let operator = members.text("operator")?;
    match (left.as_str(), operator.as_str()) {
        ("purpose", "isA") => {
            let one = iri(members, "rightOperand")?;
            Ok(Term::Purpose(vec![purpose(&one, assigner, members)?]))
        }
        ("purpose", "isAnyOf") => purposes(members, assigner),
        ("dateTime", "gteq") => instant(members).map(Term::NotBefore),
        ("dateTime", "lt") => instant(members).map(Term::NotAfter),
        ("h:rowFilter", "eq") => rows(members),
        ("h:columns", "isAnyOf") => names(members, "rightOperand").map(Term::Columns),
        ("spatial", "isPartOf") => area(members),
        ("h:mask", "eq") => mask(members),
        ("h:timeBucket", "eq") => time_bucket(members),
        ("h:function", "isAnyOf") => functions(members),
        ("h:dimensions", "isAnyOf") => names(members, "rightOperand").map(Term::Dimensions),
        ("h:measures", "isAnyOf") => names(members, "rightOperand").map(Term::Measures),
        ("h:cube", "eq") => iri(members, "rightOperand").map(Term::Grid),
        ("h:minContributors", "gteq") => Ok(Term::MinGroup {
            at_least: number(members, "rightOperand")?,
            unit: unit(members)?,
        }),
        ("h:secondary", "eq") => totals(members),
        ("count", "lteq") => quota(members).map(Term::Queries),
        ("h:rows", "lteq") => quota(members).map(Term::RowQuota),
        ("absoluteSize", "lteq") => quota(members).map(Term::ByteQuota),
        ("h:resultRows", "lteq") => number(members, "rightOperand").map(Term::ResultRows),
        (left, operator) => Err(members.codes().unknown(format!(
            "the operator `{operator}` is not known for the operand `{left}`"
        ))),
    }
}

fn in_its_place(left: &str, place: Place, codes: Codes) -> Result<(), Refusal> {
    match OPERANDS.iter().find(|(known, _)| *known == left) {
        None => Err(codes.unknown(format!("the operand `{left}` is not known"))),
        Some((_, own)) if *own != place => Err(codes.unknown(format!(
            "the operand `{left}` stands in {place}, where it is not executed; its place is {own}"
        ))),
        Some(_) => Ok(()),
    }
}

fn purposes(members: &mut Members, assigner: &ParticipantId) -> Result<Term, Refusal> {
    let list = iris(members)?;
    let list = list.iter().map(|one| purpose(one, assigner, members));
    Ok(Term::Purpose(list.collect::<Result<_, _>>()?))
}

fn rows(members: &mut Members) -> Result<Term, Refusal> {
    let filter = members.text("rightOperand")?;
    let filter =
        row_filter::parse(&filter).map_err(|fault| members.codes().wrong(fault.sentence))?;
    Ok(Term::Rows(filter))
}

fn time_bucket(members: &mut Members) -> Result<Term, Refusal> {
    let width = typed(members, "rightOperand", "xsd:duration")?;
    let zone = members.text_if_there("h:zone")?;
    if let Some(zone) = zone.as_ref().filter(|zone| !is_zone(zone)) {
        return Err(members
            .codes()
            .wrong(format!("there is no time zone `{zone}`")));
    }
    Ok(Term::TimeBucket {
        bucket: one_of(&BUCKETS, &width, "time bucket", members)?,
        column: members.parsed("h:column")?,
        zone,
    })
}

fn functions(members: &mut Members) -> Result<Term, Refusal> {
    let list = iris(members)?;
    let list = list
        .iter()
        .map(|one| one_of(&FUNCTIONS, one, "aggregate", members));
    Ok(Term::Functions(list.collect::<Result<_, _>>()?))
}

fn totals(members: &mut Members) -> Result<Term, Refusal> {
    match iri(members, "rightOperand")?.as_str() {
        "h:fromPublishedOnly" => Ok(Term::TotalsFromPublished),
        other => Err(members
            .codes()
            .unknown(format!("the secondary protection `{other}` is not known"))),
    }
}

fn purpose(iri: &str, assigner: &ParticipantId, members: &Members) -> Result<PurposeId, Refusal> {
    let own = iri
        .strip_prefix(assigner.as_str())
        .and_then(|rest| rest.strip_prefix("/purpose/"))
        .filter(|name| !name.starts_with("dpv:"));
    let known = if iri.starts_with("dpv:") {
        Some(iri)
    } else {
        own
    };
    known.and_then(|id| id.parse().ok()).ok_or_else(|| {
        members.codes().unknown(format!(
            "the purpose `{iri}` is neither one of dpv: nor an own one of {assigner}"
        ))
    })
}

fn mask(members: &mut Members) -> Result<Term, Refusal> {
    let mask = match iri(members, "rightOperand")?.as_str() {
        "h:null" => Mask::Null,
        "h:constant" => Mask::Constant(literal(members)?),
        other => {
            return Err(members
                .codes()
                .unknown(format!("the mask `{other}` is not known")));
        }
    };
    Ok(Term::Mask {
        column: members.parsed("h:column")?,
        mask,
    })
}

fn literal(members: &mut Members) -> Result<Literal, Refusal> {
    let (value, datatype) = literal_parts(members, "h:value")?;
    let wrong = |wanted: &str| members.codes().wrong(format!("`{value}` is no {wanted}"));
    match datatype.as_str() {
        "xsd:string" => Ok(Literal::Text(value)),
        "xsd:integer" => value
            .parse()
            .map(Literal::Int)
            .map_err(|_| wrong("integer")),
        "xsd:decimal" if is_decimal(&value) => Ok(Literal::Decimal(value)),
        "xsd:decimal" => Err(wrong("decimal number")),
        "xsd:boolean" => value
            .parse()
            .map(Literal::Bool)
            .map_err(|_| wrong("boolean")),
        other => Err(members.codes().unknown(format!(
            "the datatype `{other}` is not known for a constant"
        ))),
    }
}

fn area(members: &mut Members) -> Result<Term, Refusal> {
    let value = typed(members, "rightOperand", "h:bbox")?;
    let bounds = bounds(&value).ok_or_else(|| {
        members.codes().wrong(format!(
            "`{value}` is no box [west,south,east,north] in degrees, west ≤ east and south ≤ north"
        ))
    })?;
    let columns = names(members, "h:column")?;
    let [lon, lat] = columns.as_slice() else {
        return Err(members
            .codes()
            .wrong("a box is about two columns, that of the longitude and that of the latitude"));
    };
    Ok(Term::Area {
        lon: lon.clone(),
        lat: lat.clone(),
        bounds,
    })
}

/// A box `[west,south,east,north]`.
fn bounds(text: &str) -> Option<Bounds> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let parts: Vec<&str> = inner.split(',').collect();
    let [west, south, east, north] = parts.as_slice() else {
        return None;
    };
    bounds_of(west, south, east, north)
}

fn unit(members: &mut Members) -> Result<Unit, Refusal> {
    match members.take("h:unit")? {
        Json::Text(column) => match column.parse() {
            Ok(column) => Ok(Unit::Column(column)),
            Err(fault) => Err(members
                .codes()
                .wrong(format!("the unit `{column}`: {fault}"))),
        },
        other => {
            let mut unit = Members::of(other, members.place("h:unit"), members.codes())?;
            unit.exactly_text("@id", "h:rows")?;
            unit.finish()?;
            Ok(Unit::Rows)
        }
    }
}

fn quota(members: &mut Members) -> Result<Quota, Refusal> {
    let period = typed(members, "h:per", "xsd:duration")?;
    Ok(Quota {
        max: number(members, "rightOperand")?,
        per: one_of(&PERIODS, &period, "period", members)?,
    })
}

fn instant(members: &mut Members) -> Result<evidence::time::Time, Refusal> {
    let value = typed(members, "rightOperand", "xsd:dateTime")?;
    value
        .parse()
        .map_err(|fault| members.codes().wrong(format!("`{value}`: {fault}")))
}

fn number<T: FromStr>(members: &mut Members, name: &str) -> Result<T, Refusal> {
    let value = typed(members, name, "xsd:integer")?;
    value.parse().map_err(|_| {
        members
            .codes()
            .wrong(format!("`{value}` is no number that fits here"))
    })
}

fn typed(members: &mut Members, name: &str, datatype: &str) -> Result<String, Refusal> {
    let (value, met) = literal_parts(members, name)?;
    if met != datatype {
        return Err(members.codes().wrong(format!(
            "`{}` is of type `{met}` instead of `{datatype}`",
            members.place(name)
        )));
    }
    Ok(value)
}

fn literal_parts(members: &mut Members, name: &str) -> Result<(String, String), Refusal> {
    let mut literal = members.object(name)?;
    let parts = (literal.text("@value")?, literal.text("@type")?);
    literal.finish()?;
    Ok(parts)
}

fn iri(members: &mut Members, name: &str) -> Result<String, Refusal> {
    let mut node = members.object(name)?;
    let iri = node.text("@id")?;
    node.finish()?;
    Ok(iri)
}

fn iris(members: &mut Members) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    for (at, item) in members.items("rightOperand")? {
        let mut node = Members::of(item, at, members.codes())?;
        found.push(node.text("@id")?);
        node.finish()?;
    }
    distinct(found, members)
}

fn names(members: &mut Members, name: &str) -> Result<Vec<Name>, Refusal> {
    let mut found = Vec::new();
    for (at, item) in members.items(name)? {
        let Json::Text(column) = &item else {
            return Err(members
                .codes()
                .wrong(format!("`{at}` is {} instead of a text", show(&item))));
        };
        let column: Name = column
            .parse()
            .map_err(|fault| members.codes().wrong(format!("`{column}`: {fault}")))?;
        found.push(column);
    }
    distinct(found, members)
}

fn distinct<T: PartialEq>(found: Vec<T>, members: &Members) -> Result<Vec<T>, Refusal> {
    let twice = found.iter().enumerate().any(|(index, item)| {
        found
            .iter()
            .skip(index.saturating_add(1))
            .any(|other| other == item)
    });
    if found.is_empty() || twice {
        return Err(members
            .codes()
            .wrong("a list of a clause holds at least one entry, and none twice"));
    }
    Ok(found)
}

fn one_of<T: Clone>(
    list: &[(&str, T)],
    met: &str,
    what: &str,
    members: &Members,
) -> Result<T, Refusal> {
    list.iter()
        .find(|(word, _)| *word == met)
        .map(|(_, value)| value.clone())
        .ok_or_else(|| {
            members
                .codes()
                .unknown(format!("the {what} `{met}` is not known"))
        })
}
