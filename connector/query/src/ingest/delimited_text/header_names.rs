//! Column names from header lines.

use csv::StringRecord;

/// Name of the count of repeated header lines, as in two exports that were joined.
pub(super) const REPEATED: &str = "header line that stands again among the rows";

/// Header lines of a file.
#[derive(Debug, Default)]
pub(super) struct HeaderLines {
    lines: Vec<Vec<String>>,
}

impl HeaderLines {
    /// Adds the next line.
    pub(super) fn push(&mut self, line: &StringRecord) {
        self.lines.push(trim_cells(line));
    }

    /// Checks that a row repeats one of the header lines.
    pub(super) fn has_line(&self, row: &StringRecord) -> bool {
        let same = |line: &Vec<String>| {
            line.len() == row.len()
                && line
                    .iter()
                    .zip(row)
                    .all(|(cell, field)| cell == field.trim())
        };
        let mut lines = self.lines.iter();
        lines.any(|line| same(line) && line.iter().any(|cell| !cell.is_empty()))
    }

    /// Column names: the non-empty cells of a column, joined by `|`.
    ///
    /// An empty cell above others has the value of the cell to its left, as spreadsheets export merged cells.
    pub(super) fn names(&self) -> Vec<String> {
        let filled = self.fill_merged();
        let width = filled.iter().map(Vec::len).max().unwrap_or(0);
        (0..width)
            .map(|index| {
                let cells = filled
                    .iter()
                    .map(|line| line.get(index).map_or("", String::as_str));
                let reported: Vec<&str> = cells.clone().filter(|cell| !cell.is_empty()).collect();
                match reported.as_slice() {
                    [] => String::new(),
                    [one] => (*one).to_owned(),
                    [_, ..] => cells.collect::<Vec<_>>().join("|"),
                }
            })
            .collect()
    }

    /// Lines with the values of merged cells filled in. A merged cell ends where a line above starts another cell.
    fn fill_merged(&self) -> Vec<Vec<String>> {
        let holds = |line: usize, index: usize| {
            let cell = self.lines.get(line).and_then(|line| line.get(index));
            cell.is_some_and(|cell| !cell.is_empty())
        };
        let mut filled = self.lines.clone();
        for (place, line) in filled.iter_mut().enumerate() {
            let mut left = String::new();
            for (index, cell) in line.iter_mut().enumerate() {
                let begins_above = (0..place).any(|above| holds(above, index));
                let has_below =
                    (place.saturating_add(1)..self.lines.len()).any(|below| holds(below, index));
                if !cell.is_empty() {
                    left.clone_from(cell);
                } else if begins_above {
                    left.clear();
                } else if has_below {
                    cell.clone_from(&left);
                }
            }
        }
        filled
    }
}

fn trim_cells(line: &StringRecord) -> Vec<String> {
    line.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::HeaderLines;
    use csv::StringRecord;

    fn header(lines: &[&str]) -> HeaderLines {
        let mut header = HeaderLines::default();
        for line in lines {
            header.push(&line.split(';').collect::<StringRecord>());
        }
        header
    }

    #[test]
    fn an_empty_cell_above_others_stands_for_the_one_left_of_it() {
        for (lines, names) in [
            (
                &["Station;2024;;2025;", ";m;w;m;w"][..],
                "Station;2024|m;2024|w;2025|m;2025|w",
            ),
            (&["day;a;b", ";NO2;O3", ";ug;ug"], "day;a|NO2|ug;b|O3|ug"),
            (&["A;;B;", "m;;;", "x;y;x;y"], "A|m|x;A|m|y;B||x;B||y"),
            (&["a;2024;;Total", ";m;w;"], "a;2024|m;2024|w;Total"),
            (&["a;;b"], "a;;b"),
            (&["a;;b", "c;;d"], "a|c;;b|d"),
        ] {
            assert_eq!(header(lines).names().join(";"), names, "{lines:?}");
        }
    }

    #[test]
    fn a_header_line_is_known_again() {
        let header = header(&["Station;2024", ";m"]);
        let row = |text: &str| text.split(';').collect::<StringRecord>();
        assert!(header.has_line(&row("Station;2024\r")));
        assert!(header.has_line(&row(";m")));
        for other in ["Station;2025", "Station", "Station;2024;", ";"] {
            assert!(!header.has_line(&row(other)), "{other}");
        }
    }
}
