//! Nearest known word to an unknown word, for "did you mean".

/// Known word with the smallest edit distance from `word`, ignoring case. None if the distance is more than a third of the letters
/// of `word`, and more than one. A swap of two neighbouring letters is one edit (optimal string alignment).
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            let edits = strsim::osa_distance(&word, &candidate.to_lowercase());
            (edits, candidate)
        })
        .filter(|(edits, candidate)| *edits <= most && *edits < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["columns", "rows", "rows_per_day", "title"];
        assert_eq!(nearest("colunms", known), Some("columns"));
        assert_eq!(nearest("row_per_day", known), Some("rows_per_day"));
        assert_eq!(nearest("Rows", known), Some("rows"));
        assert_eq!(nearest("legal", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn a_short_word_is_not_every_other_short_word() {
        assert_eq!(nearest("of", ["to", "at"]), None);
        assert_eq!(nearest("nope", ["open"]), None);
    }
}
