//! Digest that names the cells of a released cube.

use crate::effect::Cube;
use crate::term::Term;
use crate::value::cube::CubeFunction;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, to_canonical_bytes};

impl Cube {
    /// Name of the cells: a digest over all properties that decide their content, in a form that does not depend on the program
    /// version.
    /// Contracts whose cubes agree in it read the same cells, whatever rows each permits, and whatever functions of counts and
    /// sums.
    #[must_use]
    pub fn shape(&self) -> Digest {
        let Self {
            grid,
            dimensions,
            measures,
            functions,
            at_least,
            unit,
            dominance,
            release,
            budget,
            base,
        } = self;
        let normal = |term: &Term| term.with_rule(|rule| rule.to_canonical_json());
        let sorted = |mut list: Vec<Json>| {
            list.sort_by_key(to_canonical_bytes);
            Json::List(list)
        };
        let dimensions = dimensions.iter().map(|one| {
            let bucket = one.bucket.map(|bucket| {
                let (column, zone) = (one.column.clone(), one.zone.clone());
                normal(&Term::TimeBucket {
                    column,
                    bucket,
                    zone,
                })
            });
            bucket.unwrap_or_else(|| Json::from_display(&one.column))
        });
        let dominance = dominance
            .iter()
            .map(|rule| normal(&Term::Dominance(rule.clone())));
        let group = Term::MinGroup {
            at_least: *at_least,
            unit: unit.clone(),
        };
        let release = release
            .as_ref()
            .map(|release| Term::Release(release.clone()));
        let mut named = Json::object([
            ("cells", Json::Int(1)),
            ("grid", Json::from_display(grid)),
            ("dimensions", sorted(dimensions.collect())),
            (
                "measures",
                sorted(measures.iter().map(Json::from_display).collect()),
            ),
            ("group", normal(&group)),
            ("dominance", sorted(dominance.collect())),
            ("release", release.as_ref().map_or(Json::Null, normal)),
        ]);
        // Later properties of a cube are included only where they are set, so that older cells keep their names.
        if let (Some(budget), Json::Object(members)) = (budget, &mut named) {
            members.insert(
                "budget".to_owned(),
                normal(&Term::Budget(Box::as_ref(budget).clone())),
            );
        }
        if let (Some(base), Json::Object(members)) = (base, &mut named) {
            members.insert("base".to_owned(), Json::Int(i64::from(*base)));
        }
        for (function, member) in [
            (CubeFunction::Variance, "squares"),
            (CubeFunction::Units, "units"),
        ] {
            if let Json::Object(members) = &mut named
                && functions.contains(&function)
            {
                members.insert(member.to_owned(), Json::Bool(true));
            }
        }
        Digest::of(&to_canonical_bytes(&named))
    }
}
