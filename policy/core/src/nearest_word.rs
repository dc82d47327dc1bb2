//! Nearest known word to an unknown word, for "did you mean".

/// Known word with the smallest edit distance from `word`, ignoring case. None if the distance is more than a third of the letters
/// of `word`, and more than one. A swap of two neighbouring letters is one edit (optimal string alignment).
#[must_use]
pub fn find_nearest_word<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
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
    use super::find_nearest_word;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["columns", "rows", "rows_per_day", "title"];
        assert_eq!(find_nearest_word("colunms", known), Some("columns"));
        assert_eq!(
            find_nearest_word("row_per_day", known),
            Some("rows_per_day")
        );
        assert_eq!(find_nearest_word("Rows", known), Some("rows"));
        assert_eq!(find_nearest_word("legal", known), None);
        assert_eq!(find_nearest_word("", known), None);
    }

    #[test]
    fn a_short_word_is_not_every_other_short_word() {
        assert_eq!(find_nearest_word("of", ["to", "at"]), None);
        assert_eq!(find_nearest_word("nope", ["open"]), None);
    }
}
