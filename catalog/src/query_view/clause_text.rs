//! Sentence of a clause, derived from its effect.

use hansa_policy::effect::EffectKind;
use hansa_policy::term;
use hansa_policy::term::band::BandTerm;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::prefix::PrefixTerm;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_policy::term::pseudonym::PseudonymTerm;

/// Sentence of an effect's clause, in the words of its term.
pub(super) fn clause_text(what: &EffectKind) -> String {
    match what {
        EffectKind::KeepRows(filter) => term::Term::Rows(filter.clone()),
        EffectKind::KeepInside { lon, lat, bounds } => term::Term::Area {
            lon: lon.clone(),
            lat: lat.clone(),
            bounds: bounds.clone(),
        },
        EffectKind::KeepWithin(area) => term::Term::PublishedArea(area.clone()),
        EffectKind::LookUp(lookup) => term::Term::Lookup(lookup.clone()),
        EffectKind::KeepBefore { column, .. } => {
            return format!("rows are hidden until their {column} is old enough");
        }
        EffectKind::HideColumns(list) => term::Term::from(ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: Some(ProhibitedPart::Columns(list.clone())),
            condition: ProhibitionCondition::ALWAYS,
        }),
        EffectKind::ShowColumns(list) => term::Term::Columns(list.clone()),
        EffectKind::MaskColumn { column, mask } => term::Term::Mask {
            column: column.clone(),
            mask: mask.clone(),
        },
        EffectKind::Pseudonymise { column, epoch, .. } => term::Term::Pseudonym(PseudonymTerm {
            column: column.clone(),
            epoch: *epoch,
        }),
        EffectKind::Shorten { column, length } => term::Term::Prefix(PrefixTerm {
            column: column.clone(),
            length: *length,
        }),
        EffectKind::Band { column, edges } => term::Term::Band(BandTerm {
            column: column.clone(),
            edges: edges.clone(),
        }),
        EffectKind::CoarsenTime {
            column,
            bucket,
            zone,
        } => term::Term::TimeBucket {
            column: column.clone(),
            bucket: *bucket,
            zone: zone.clone(),
        },
        EffectKind::CoarsenPlace {
            lon,
            lat,
            cell,
            size,
        } => term::Term::PlaceCells(PlaceCellsTerm {
            lon: lon.clone(),
            lat: lat.clone(),
            cell: cell.clone(),
            size: size.clone(),
        }),
        EffectKind::AggregateOnly(cube) => term::Term::Functions(cube.functions.clone()),
    }
    .to_english()
}
