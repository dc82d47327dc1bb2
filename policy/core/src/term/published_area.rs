//! Term 15 over a published area: only rows whose point lies in it exist.
//!
//! The outline stands in a list that the contract names by the digest of its file. What lies on the outline lies in the area.

use super::contradiction;
use super::odrl::{says, texts, typed, with};
use super::rule::{Binding, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::effect::What;
use crate::id::Name;
use crate::published::areas::{NoWhich, Which};
use crate::refusal::{Code, Refusal};
use crate::term::Term;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// The term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedArea {
    /// Column of the longitude, degrees.
    pub lon: Name,
    /// Column of the latitude, degrees.
    pub lat: Name,
    /// SHA-256 of the file of the list.
    pub list: Digest,
    /// Which of its areas.
    pub which: Which,
}

pub(super) static WITHIN: Spec = Spec {
    numbers: &[15],
    name: "published_area",
    place: Place::Target,
    operand: "spatial",
    operators: &["isPartOf"],
    executed: &[Stage::Signing, Stage::Plan],
    codes: &[Code::TermNotExecutableHere],
    nature: Nature::Protection,
    hides_rows: true,
    mend: "rows whose point lies outside do not exist; a provider that does not hold the list signs and answers nothing",
    test: "what_is_learned_is_a_function_of_the_view",
    read: super::area::read,
};

impl Rule for PublishedArea {
    fn spec(&self) -> &'static Spec {
        &WITHIN
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            says("spatial", "isPartOf", typed("h:area", self.list)),
            [
                ("h:column", texts(&[&self.lon, &self.lat])),
                ("h:which", Json::text(&self.which)),
            ],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let Self {
            lon,
            lat,
            list,
            which,
        } = self;
        tongue.pick(
            format!("only rows with {lon} and {lat} in the area {which} of the list {list}"),
            format!("nur Zeilen mit {lon} und {lat} im Gebiet {which} der Liste {list}"),
            format!("só linhas com {lon} e {lat} na área {which} da lista {list}"),
        )
    }

    fn normal(&self) -> Json {
        Json::object([
            ("lon", Json::text(&self.lon)),
            ("lat", Json::text(&self.lat)),
            ("list", Json::text(self.list)),
            ("which", Json::text(&self.which)),
        ])
    }

    fn about(&self) -> String {
        format!("{} {}", self.lon, self.lat)
    }

    fn columns(&self) -> Vec<Name> {
        vec![self.lon.clone(), self.lat.clone()]
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        if self.lon == self.lat {
            return Err(contradiction(format!(
                "`{}` can't be both longitude and latitude",
                self.lon
            )));
        }
        Ok(Some(What::KeepWithin(self.clone())))
    }

    /// Whether one area lies in another is not in the clauses.
    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::PublishedArea(other) if self == other => Some(Ordering::Equal),
            _ => None,
        }
    }
}

/// What follows `h:area` as the datatype of the right operand.
pub(super) fn read(form: &mut Form<'_>, list: &str) -> Result<Term, Refusal> {
    let list = list
        .parse()
        .map_err(|_| form.wrong(format!("`{list}` is no SHA-256 digest")))?;
    let which = form.text("h:which")?;
    let which = which
        .parse()
        .map_err(|fault: NoWhich| form.wrong(format!("`{which}`: {fault}")))?;
    let (lon, lat) = super::area::places(form)?;
    Ok(Term::PublishedArea(PublishedArea {
        lon,
        lat,
        list,
        which,
    }))
}
