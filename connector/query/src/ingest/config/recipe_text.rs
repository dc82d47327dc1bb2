//! Text form of a configuration from which recipes are computed.

use std::fmt::Debug;

/// Former names of types and fields, from the time when the form of recipes was fixed, with their current names.
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
    // A dataset without a description has the recipe from before descriptions existed.
    (
        "description: DatasetDescription { quality: None, uncertainty: None, collection_method: None, service_level: None }, data_subjects: None, ",
        "",
    ),
    // A dataset without saved statements has its former recipe, too.
    ("queries: [], ", ""),
    // A dataset without an extent has its former recipe, too.
    ("extent: None, ", ""),
];

/// Text of a part of a configuration, constant over all versions. Its digest is in manifests, and a feed continues only under its
/// first recipe.
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
    use crate::ingest::config::parser::parse_datasets;
    use std::path::Path;

    #[test]
    fn what_states_nothing_has_the_recipe_from_before_there_were_descriptions() {
        let text = |more: &str, of_column: &str| {
            let toml = format!(
                "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"MIT\"\n{more}[dataset.source]\nkind = \"text\"\n\
                 path = \"a.csv\"\n[[dataset.column]]\nname = \"a\"\n{of_column}"
            );
            recipe_text(&parse_datasets(&toml, "hansa.toml", Path::new(".")).unwrap())
        };
        let bare = text("", "");
        for word in ["description", "data_subjects", "uncertainty", "queries"] {
            assert!(!bare.contains(word), "{word} in {bare}");
        }
        assert!(text("quality = \"good\"\n", "").contains("good"));
        assert!(text("", "uncertainty = \"± 1\"\n").contains("± 1"));
    }
}
