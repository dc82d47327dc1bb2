//! A saved query as it stands in a manifest.

use hansa_catalog::saved_query::{SavedQuery, SavedQueryParameter};
use serde::{Deserialize, Serialize};

/// A saved query.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedQueryJson {
    name: String,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    sql: String,
    parameters: Vec<ParameterJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterJson {
    name: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
}

impl SavedQueryJson {
    pub(super) fn of(query: &SavedQuery) -> Self {
        let SavedQuery {
            name,
            title,
            description,
            sql,
            parameters,
        } = query;
        let parameters = parameters.iter().map(|parameter| ParameterJson {
            name: parameter.name.to_string(),
            kind: parameter.kind.to_string(),
            description: parameter.description.clone(),
            default: parameter.default.clone(),
        });
        Self {
            name: name.to_string(),
            title: title.clone(),
            description: description.clone(),
            sql: sql.clone(),
            parameters: parameters.collect(),
        }
    }

    pub(super) fn back(self) -> Option<SavedQuery> {
        let parameters = self.parameters.into_iter().map(|parameter| {
            Some(SavedQueryParameter {
                name: parameter.name.parse().ok()?,
                kind: parameter.kind.parse().ok()?,
                description: parameter.description,
                default: parameter.default,
            })
        });
        Some(SavedQuery {
            name: self.name.parse().ok()?,
            title: self.title,
            description: self.description,
            sql: self.sql,
            parameters: parameters.collect::<Option<_>>()?,
        })
    }
}
