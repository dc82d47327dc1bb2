//! Contract of a dataset pair.

use super::*;

impl DatasetPair {
    pub(super) fn terms(&self) -> Vec<Term> {
        let compare = |op, value| RowFilter::Compare {
            column: parse_name("vis"),
            op,
            with: FilterOperand::Literal(PolicyLiteral::Int(value)),
        };
        let below = compare(ComparisonOperator::Lt, self.share);
        let list = |range: std::ops::Range<i64>| {
            range
                .map(|value| FilterOperand::Literal(PolicyLiteral::Int(value)))
                .collect()
        };
        let filter = match self.form {
            0 => Some(below),
            1 => Some(compare(ComparisonOperator::LtEq, self.share - 1)),
            2 => Some(RowFilter::Not(Box::new(compare(
                ComparisonOperator::GtEq,
                self.share,
            )))),
            3 => Some(RowFilter::Between {
                column: parse_name("vis"),
                negated: false,
                low: FilterOperand::Literal(PolicyLiteral::Int(0)),
                high: FilterOperand::Literal(PolicyLiteral::Int(self.share - 1)),
            }),
            4 => Some(RowFilter::In {
                column: parse_name("vis"),
                negated: false,
                list: list(0..self.share),
            }),
            5 => Some(RowFilter::And(vec![
                RowFilter::IsNull {
                    column: parse_name("g"),
                    negated: true,
                },
                below,
            ])),
            6 => Some(RowFilter::Or(vec![
                below,
                compare(ComparisonOperator::Lt, 0),
            ])),
            _ => None,
        };
        let mut terms = vec![Term::Columns(
            self.columns.iter().map(|text| parse_name(text)).collect(),
        )];
        match filter {
            Some(filter) => terms.push(Term::Rows(filter)),
            None if self.form == 8 => terms.push(published_data::area_term()),
            None => terms.push(Term::Area {
                lon: parse_name("lon"),
                lat: parse_name("lat"),
                bounds: BoundingBox {
                    west: "0.0".to_owned(),
                    south: "0.0".to_owned(),
                    east: "1.0".to_owned(),
                    north: "1.0".to_owned(),
                },
            }),
        }
        let column = parse_name("m");
        match self.number {
            NumberMask::Clear => {}
            NumberMask::Null => terms.push(Term::Mask {
                column,
                mask: MaskValue::Null,
            }),
            NumberMask::Constant => terms.push(Term::Mask {
                column,
                mask: MaskValue::Constant(PolicyLiteral::Int(7)),
            }),
            NumberMask::Band => terms.push(Term::Band(BandTerm {
                column,
                edges: vec!["2".to_owned(), "6".to_owned()],
            })),
        }
        let column = parse_name("s");
        match self.text {
            TextMask::Clear => {}
            TextMask::Prefix => terms.push(Term::Prefix(PrefixTerm { column, length: 1 })),
            TextMask::Hash => terms.push(Term::Pseudonym(PseudonymTerm { column, epoch: 3 })),
            TextMask::Level => terms.push(published_data::lookup_term(column)),
        }
        let size = match self.cells {
            PlaceGeneralization::Nothing => None,
            PlaceGeneralization::Hexagon => Some("h3:8".to_owned()),
            PlaceGeneralization::Square => Some("grid:1000".to_owned()),
            PlaceGeneralization::Areas => Some(published_data::side_expression()),
        };
        terms.extend(size.map(|size| {
            Term::PlaceCells(PlaceCellsTerm {
                lon: parse_name("x"),
                lat: parse_name("y"),
                cell: parse_name("cell"),
                size: size.parse().unwrap(),
            })
        }));
        if self.hours {
            terms.push(Term::TimeBucket {
                column: parse_name("t"),
                bucket: TimeBucketWidth::Hour,
                zone: None,
            });
        }
        terms.extend(self.prohibited.term());
        terms
    }
}
