//! The contract of a world.

use super::*;

impl World {
    pub(super) fn terms(&self) -> Vec<Term> {
        let compare = |op, value| RowFilter::Compare {
            column: name("vis"),
            op,
            with: Operand::Literal(Literal::Int(value)),
        };
        let below = compare(Comparison::Lt, self.share);
        let list = |range: std::ops::Range<i64>| {
            range
                .map(|value| Operand::Literal(Literal::Int(value)))
                .collect()
        };
        let filter = match self.form {
            0 => Some(below),
            1 => Some(compare(Comparison::LtEq, self.share - 1)),
            2 => Some(RowFilter::Not(Box::new(compare(
                Comparison::GtEq,
                self.share,
            )))),
            3 => Some(RowFilter::Between {
                column: name("vis"),
                negated: false,
                low: Operand::Literal(Literal::Int(0)),
                high: Operand::Literal(Literal::Int(self.share - 1)),
            }),
            4 => Some(RowFilter::In {
                column: name("vis"),
                negated: false,
                list: list(0..self.share),
            }),
            5 => Some(RowFilter::And(vec![
                RowFilter::IsNull {
                    column: name("g"),
                    negated: true,
                },
                below,
            ])),
            6 => Some(RowFilter::Or(vec![below, compare(Comparison::Lt, 0)])),
            _ => None,
        };
        let mut terms = vec![Term::Columns(
            self.columns.iter().map(|text| name(text)).collect(),
        )];
        match filter {
            Some(filter) => terms.push(Term::Rows(filter)),
            None if self.form == 8 => terms.push(published::area()),
            None => terms.push(Term::Area {
                lon: name("lon"),
                lat: name("lat"),
                bounds: Bounds {
                    west: "0.0".to_owned(),
                    south: "0.0".to_owned(),
                    east: "1.0".to_owned(),
                    north: "1.0".to_owned(),
                },
            }),
        }
        let column = name("m");
        match self.number {
            Number::Clear => {}
            Number::Null => terms.push(Term::Mask {
                column,
                mask: Mask::Null,
            }),
            Number::Constant => terms.push(Term::Mask {
                column,
                mask: Mask::Constant(Literal::Int(7)),
            }),
            Number::Band => terms.push(Term::Band(Band {
                column,
                edges: vec!["2".to_owned(), "6".to_owned()],
            })),
        }
        let column = name("s");
        match self.text {
            Text::Clear => {}
            Text::Prefix => terms.push(Term::Prefix(Prefix { column, length: 1 })),
            Text::Hash => terms.push(Term::Pseudonym(Pseudonym { column, epoch: 3 })),
            Text::Level => terms.push(published::lookup(column)),
        }
        let size = match self.cells {
            Shown::Nothing => None,
            Shown::Hexagon => Some("h3:8".to_owned()),
            Shown::Square => Some("grid:1000".to_owned()),
            Shown::Areas => Some(published::sides()),
        };
        terms.extend(size.map(|size| {
            Term::PlaceCells(PlaceCells {
                lon: name("x"),
                lat: name("y"),
                cell: name("cell"),
                size: size.parse().unwrap(),
            })
        }));
        if self.hours {
            terms.push(Term::TimeBucket {
                column: name("t"),
                bucket: Bucket::Hour,
                zone: None,
            });
        }
        terms.extend(self.prohibited.term());
        terms
    }
}
