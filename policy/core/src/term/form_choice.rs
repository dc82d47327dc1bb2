//! Choice of the term for an ODRL form, where several terms share an operand, and forms with more than one value.

use super::inform::NotificationTerm;
use super::rule::OdrlReader;
use super::{
    Term, area as areas, band, inform as informing, lookup, mask, min_group as groups, prefix,
    pseudonym, published_area, time_bucket as buckets,
};
use crate::refusal::Refusal;

/// Reads a mask of a column.
pub(super) fn read_masking_term(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    let word = form.read_iri("rightOperand")?;
    match word.as_str() {
        "h:hmac" => pseudonym::read_pseudonym(form).map(Term::Pseudonym),
        "h:prefix" => prefix::read_prefix(form).map(Term::Prefix),
        "h:band" => match form.members.text_if_there("h:lookup")? {
            Some(table) => lookup::read_lookup(form, &table).map(Term::Lookup),
            None => band::read_band(form).map(Term::Band),
        },
        word => mask::read_mask(form, word).map(|(column, mask)| Term::Mask { column, mask }),
    }
}

/// Reads a time bucket.
pub(super) fn time_bucket(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    buckets::read_time_bucket(form).map(|(column, bucket, zone)| Term::TimeBucket {
        column,
        bucket,
        zone,
    })
}

/// Reads a box or an area of a published list.
pub(super) fn read_area_term(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    let (value, datatype) = form.read_literal("rightOperand")?;
    match datatype.as_str() {
        "h:bbox" => {
            areas::read_area(form, &value).map(|(lon, lat, bounds)| Term::Area { lon, lat, bounds })
        }
        "h:area" => published_area::read_published_area(form, &value).map(Term::PublishedArea),
        other => Err(form.malformed_refusal(format!(
            "an area is of type `h:bbox` or `h:area`, not `{other}`"
        ))),
    }
}

/// Reads a smallest group size.
pub(super) fn min_group(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    groups::read_min_group(form).map(|(at_least, unit)| Term::MinGroup { at_least, unit })
}

/// Reads a clause on secondary suppression.
pub(super) fn read_secondary_term(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    match form.read_iri("rightOperand")?.as_str() {
        "h:fromPublishedOnly" => Ok(Term::TotalsFromPublished),
        "h:suppressComplement" => Ok(Term::SuppressComplement),
        "h:cellKey" => form.read_number("h:base").map(Term::CellKey),
        other => {
            Err(form.unknown_refusal(format!("the secondary protection `{other}` is not known")))
        }
    }
}

/// Reads a clause on events that the parties or the connector report.
pub(super) fn read_inform_term(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    informing::read_inform_events(form).map(|(events, recipients)| match recipients {
        Some(recipients) => Term::Notify(NotificationTerm { events, recipients }),
        None => Term::Inform(events),
    })
}
