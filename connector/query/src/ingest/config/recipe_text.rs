//! The text of a configuration of which recipes are made.

use std::fmt::Debug;

/// Names that types and fields had when the form of recipes was fixed, beside those that they have now.
const NAMES: [(&str, &str); 12] = [
    ("location: ConfigLocation {", "place: Spot {"),
    ("place: ConfigLocation {", "place: Spot {"),
    ("SqlIdentifier(", "Name("),
    ("PrepareStatement {", "Prepare {"),
    ("ResultColumnConfig {", "ResultConfig {"),
    ("ConversionFactor {", "Factor {"),
    ("ColumnDescription {", "About {"),
    ("UnpivotConfig {", "Unpivot {"),
    ("PostgresEndpoint {", "Server {"),
    // A dataset of which nothing is stated has the recipe that it had before there were descriptions.
    (
        "description: DatasetDescription { quality: None, uncertainty: None, collection_method: None, service_level: None }, data_subjects: None, ",
        "",
    ),
    // Likewise one over which nothing is saved.
    ("queries: [], ", ""),
    // And one whose places may lie anywhere.
    ("extent: None, ", ""),
];

/// The text of a part of a configuration, the same in every version: a digest of it stands in manifests, and a feed goes on
/// only under the recipe with which it was begun.
#[must_use]
pub fn recipe_text(part: &impl Debug) -> String {
    let mut text = format!("{part:?}");
    for (now, then) in NAMES {
        text = text.replace(now, then);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::recipe_text;
    use crate::ingest::config::parser::parse;
    use std::path::Path;

    #[test]
    fn what_states_nothing_has_the_recipe_from_before_there_were_descriptions() {
        let text = |more: &str, of_column: &str| {
            let toml = format!(
                "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"MIT\"\n{more}[dataset.source]\nkind = \"text\"\n\
                 path = \"a.csv\"\n[[dataset.column]]\nname = \"a\"\n{of_column}"
            );
            recipe_text(&parse(&toml, "hansa.toml", Path::new(".")).unwrap())
        };
        let bare = text("", "");
        for word in ["description", "data_subjects", "uncertainty", "queries"] {
            assert!(!bare.contains(word), "{word} in {bare}");
        }
        assert!(text("quality = \"good\"\n", "").contains("good"));
        assert!(text("", "uncertainty = \"± 1\"\n").contains("± 1"));
    }
}
