//! The contract over the cells, and a city that holds the trips under it.

use super::*;

impl Cubes {
    /// The terms of the contract but for those of a name.
    pub(super) fn terms(&self, dropped: Option<&str>) -> Vec<Term> {
        let unit = if self.by_device {
            Unit::Column(name("device"))
        } else {
            Unit::Rows
        };
        let (functions, measures, totals) = match self.made {
            Made::Rounded(base) => (vec![Function::Count], Vec::new(), Term::CellKey(base)),
            Made::Asked | Made::Released => (
                self.functions(),
                vec![name("fare"), name("duration")],
                Term::TotalsFromPublished,
            ),
        };
        let mut terms = vec![
            Term::Functions(functions),
            Term::Dimensions(vec![name("district"), name("at")]),
            Term::Measures(measures),
            Term::Grid(GRID.to_owned()),
            Term::TimeBucket {
                column: name("at"),
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
            Term::Dominance(Dominance {
                measure: name("duration"),
                unit: name("device"),
                rule,
            })
        }));
        terms.extend(self.release().map(Term::Release));
        terms.retain(|term| !matches!(term, Term::Measures(measures) if measures.is_empty()));
        terms.retain(|term| Some(term.spec().name) != dropped);
        terms
    }

    pub(super) fn functions(&self) -> Vec<Function> {
        let mut functions = vec![Function::Count, Function::Sum, Function::Avg];
        if self.varies() {
            functions.push(Function::Variance);
        }
        functions
    }

    pub(super) fn release(&self) -> Option<Release> {
        (self.made != Made::Asked).then(|| Release {
            column: name("at"),
            every: Bucket::Day,
            late: Late::Never,
        })
    }

    /// A city of the trips, which has published others since where its cells are released.
    pub(super) fn city(&self, trips: &[Trip], behind: &[Trip], dropped: Option<&str>) -> City {
        let mut set = dataset("trips", &COLUMNS);
        let dimension = |of: &str, bucket| GridDimension {
            column: name(of),
            bucket,
            zone: None,
        };
        set.grid = self.release().map(|release| Grid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("district", None),
                dimension("at", Some(self.bucket())),
            ],
            release: Some(release),
        });
        let mut city = City::new();
        city.publish(set.clone(), &batch(trips), self.layout, self.terms(dropped));
        if self.made != Made::Asked {
            city.release("trips");
            set.version = "2026-11-20.2".to_owned();
            city.publish(set, &batch(behind), self.layout, self.terms(dropped));
            city.release("trips");
        }
        city
    }
}
