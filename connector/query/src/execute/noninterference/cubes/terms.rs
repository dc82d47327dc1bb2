//! Contract over the cells, and a city that holds the trips under this contract.

use super::*;

impl CubeCase {
    /// Terms of the contract, without those named `dropped`.
    pub(super) fn terms(&self, dropped: Option<&str>) -> Vec<Term> {
        let unit = if self.by_device {
            CountingUnit::Column(parse_name("device"))
        } else {
            CountingUnit::Rows
        };
        let (functions, measures, totals) = match self.made {
            CellDerivation::Rounded(base) => {
                (vec![CubeFunction::Count], Vec::new(), Term::CellKey(base))
            }
            CellDerivation::Asked | CellDerivation::Released => (
                self.functions(),
                vec![parse_name("fare"), parse_name("duration")],
                Term::TotalsFromPublished,
            ),
        };
        let mut terms = vec![
            Term::Functions(functions),
            Term::Dimensions(vec![parse_name("district"), parse_name("at")]),
            Term::Measures(measures),
            Term::Grid(GRID.to_owned()),
            Term::TimeBucket {
                column: parse_name("at"),
                bucket: self.bucket(),
                zone: None,
            },
            Term::MinGroup {
                at_least: self.at_least,
                unit,
            },
            totals,
        ];
        terms.extend(self.dominance.map(|rule| {
            Term::Dominance(DominanceTerm {
                measure: parse_name("duration"),
                unit: parse_name("device"),
                rule,
            })
        }));
        terms.extend(self.release().map(Term::Release));
        terms.retain(|term| !matches!(term, Term::Measures(measures) if measures.is_empty()));
        terms.retain(|term| Some(term.spec().name) != dropped);
        terms
    }

    pub(super) fn functions(&self) -> Vec<CubeFunction> {
        let mut functions = vec![CubeFunction::Count, CubeFunction::Sum, CubeFunction::Avg];
        if self.can_permit_variance() {
            functions.push(CubeFunction::Variance);
        }
        functions
    }

    pub(super) fn release(&self) -> Option<ReleaseTerm> {
        (self.made != CellDerivation::Asked).then(|| ReleaseTerm {
            column: parse_name("at"),
            every: TimeBucketWidth::Day,
            late: LateDataPolicy::Never,
        })
    }

    /// City with the trips. If its cells are released, the city has published other trips since the release.
    pub(super) fn city(
        &self,
        trips: &[CubeTrip],
        behind: &[CubeTrip],
        dropped: Option<&str>,
    ) -> FixtureParticipant {
        let mut set = build_dataset("trips", &COLUMNS);
        let dimension = |of: &str, bucket| GridDimension {
            column: parse_name(of),
            bucket,
            zone: None,
        };
        set.grid = self.release().map(|release| RegisteredGrid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("district", None),
                dimension("at", Some(self.bucket())),
            ],
            release: Some(release),
        });
        let mut city = FixtureParticipant::new();
        city.publish(
            set.clone(),
            &trip_batch(trips),
            self.layout,
            self.terms(dropped),
        );
        if self.made != CellDerivation::Asked {
            city.release("trips");
            set.version = "2026-11-20.2".to_owned();
            city.publish(set, &trip_batch(behind), self.layout, self.terms(dropped));
            city.release("trips");
        }
        city
    }
}
