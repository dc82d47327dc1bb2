//! The nearest known word to one that is not known, for "did you mean".

/// The known word that differs least from `word`, if it differs little.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits from `a` to `b`, an exchange of two neighbours counting as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, from) in a.iter().enumerate() {
        let mut line = vec![row.saturating_add(1)];
        for (column, to) in b.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let change = at(&above, column).saturating_add(usize::from(from != to));
            let insert = at(&line, column).saturating_add(1);
            let remove = at(&above, column.saturating_add(1)).saturating_add(1);
            let turned = column
                .checked_sub(1)
                .filter(|left| {
                    row > 0
                        && b.get(*left) == Some(from)
                        && a.get(row.saturating_sub(1)) == Some(to)
                })
                .map_or(usize::MAX, |left| at(&before, left).saturating_add(1));
            line.push(change.min(insert).min(remove).min(turned));
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn edits_are_counted() {
        for (a, b, expect) in [
            ("", "", 0),
            ("", "abc", 3),
            ("columns", "columns", 0),
            ("colums", "columns", 1),
            ("colmuns", "columns", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expect, "{a} {b}");
            assert_eq!(distance(b, a), expect, "{b} {a}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["columns", "rows", "rows_per_day", "title"];
        assert_eq!(nearest("colunms", known), Some("columns"));
        assert_eq!(nearest("row_per_day", known), Some("rows_per_day"));
        assert_eq!(nearest("Rows", known), Some("rows"));
        assert_eq!(nearest("legal", known), None);
        assert_eq!(nearest("", known), None);
    }
}
