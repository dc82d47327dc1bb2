//! `template`: the policy with parameters from which this one was filled, as `hansa policy template` writes it.

use super::file_reader::PolicyFileReader;
use super::value_form::{
    Plain, TableReader, ValueForm, checked_text_forms, quote_text, table_form, written_text,
};
use crate::template::is_line;
use hansa_policy::contract::TemplateReference;
use hansa_toml_reader::TomlValue;

table_form!(TemplateReference {
    author = "author": Plain;
    title = "title": Title;
    version = "version": Plain;
    sha256 = "sha256": Plain;
});

checked_text_forms! {
    /// The title of a template.
    Title: written_text, |text| is_line(text), "one line of text";
}
