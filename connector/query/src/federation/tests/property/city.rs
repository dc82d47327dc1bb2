//! One of the three cities: its rows, its contract, and the view computed from the definition.

use super::*;

impl PropertyCity {
    pub(super) fn random(random: &mut StdRng, city: i64) -> Self {
        let columns = [
            ColumnTreatment::Clear,
            ColumnTreatment::Clear,
            ColumnTreatment::Clear,
        ];
        let [mut number, mut day, mut place] = columns;
        if random.random_bool(0.2) {
            number = *[ColumnTreatment::Hidden, ColumnTreatment::Masked]
                .choose(random)
                .unwrap();
        }
        if random.random_bool(0.15) {
            day = ColumnTreatment::Hidden;
        }
        if random.random_bool(0.15) {
            place = ColumnTreatment::Masked;
        }
        let count = *[0, 20, 90].choose(random).unwrap();
        let mut part = Self {
            number,
            day,
            place,
            hours: random.random_bool(0.5),
            cells: random.random_bool(0.2),
            rows: (0..count)
                .map(|at| row(random, city * 100_000 + at))
                .collect(),
            double: Vec::new(),
        };
        if part.cells {
            [part.number, part.day, part.place] = columns;
            part.hours = true;
            for row in &mut part.rows {
                // A small number of cells gives some of them enough rows.
                row.ts = row.ts.map(|ts| START + (ts - START) % (3 * HOUR));
                // The total of a shown cell must not overflow.
                row.n = row.n.filter(|n| *n < 1000);
            }
            part.double = cells::doubled(&part.rows, random);
        } else {
            part.double = part.doubled(random);
        }
        part
    }

    /// Other rows with an equal view.
    pub(super) fn doubled(&self, random: &mut StdRng) -> Vec<FederatedTripRow> {
        let mut double = Vec::new();
        for old in &self.rows {
            if random.random_bool(0.3) {
                double.push(hidden(random));
            }
            if old.vis != Some(true) {
                continue;
            }
            let mut kept = old.clone();
            if self.number != ColumnTreatment::Clear {
                kept.x = Some(f64::from(random.random_range(0..1000)));
            }
            if self.day != ColumnTreatment::Clear {
                kept.day = Some(random.random_range(0..1000));
            }
            if self.place == ColumnTreatment::Masked {
                kept.place = Some(format!("{SECRET}{}", random.random_range(0..9)));
            }
            if self.hours {
                kept.ts = kept
                    .ts
                    .map(|ts| ts.div_euclid(HOUR) * HOUR + random.random_range(0..HOUR));
            }
            double.push(kept);
        }
        double
    }

    pub(super) fn terms(&self) -> Vec<Term> {
        if self.cells {
            return cells::terms();
        }
        let shown = COLUMNS[..7]
            .iter()
            .map(|text| text.split_once(':').unwrap().0)
            .filter(|column| match *column {
                "x" => self.number != ColumnTreatment::Hidden,
                "day" => self.day != ColumnTreatment::Hidden,
                _ => true,
            });
        let mut terms = vec![
            Term::Columns(shown.map(|name| name.parse().unwrap()).collect()),
            Term::Rows(hansa_policy::row_filter::parse_row_filter("vis = TRUE").unwrap()),
        ];
        if self.number == ColumnTreatment::Masked {
            terms.push(Term::Mask {
                column: "x".parse().unwrap(),
                mask: MaskValue::Null,
            });
        }
        if self.place == ColumnTreatment::Masked {
            terms.push(Term::Mask {
                column: "place".parse().unwrap(),
                mask: MaskValue::Constant(PolicyLiteral::Text("south".to_owned())),
            });
        }
        if self.hours {
            terms.push(Term::TimeBucket {
                column: "ts".parse().unwrap(),
                bucket: TimeBucketWidth::Hour,
                zone: None,
            });
        }
        terms
    }

    /// Names of the columns that the contract changes.
    pub(super) fn touched(&self) -> Vec<&'static str> {
        if self.cells {
            return vec!["id", "open", "day"];
        }
        [("x", self.number), ("day", self.day), ("place", self.place)]
            .into_iter()
            .filter(|(_, column)| *column != ColumnTreatment::Clear)
            .map(|(name, _)| name)
            .collect()
    }

    /// View computed by the test.
    pub(super) fn view(&self) -> RecordBatch {
        if self.cells {
            return shown(&cells::published(&self.rows));
        }
        let rows: Vec<FederatedTripRow> = self
            .rows
            .iter()
            .filter(|row| row.vis == Some(true))
            .cloned()
            .map(|mut row| {
                if self.number != ColumnTreatment::Clear {
                    row.x = None;
                }
                if self.day != ColumnTreatment::Clear {
                    row.day = None;
                }
                if self.place == ColumnTreatment::Masked {
                    row.place = Some("south".to_owned());
                }
                if self.hours {
                    row.ts = row.ts.map(|ts| ts.div_euclid(HOUR) * HOUR);
                }
                row
            })
            .collect();
        shown(&rows)
    }
}
