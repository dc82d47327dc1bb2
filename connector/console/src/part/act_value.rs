//! Values that a person has entered in the form of an act, with the names of their fields.

use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Value that a person has entered, with the name of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActValue {
    /// Name of the field in the language of the form.
    pub name: String,
    /// Value as the page shows it.
    pub value: String,
}

/// List of entered values.
pub(crate) fn render_act_values(values: &[ActValue]) -> Markup {
    let facts = values.iter().map(|value| {
        let name = reveal_controls(&value.name).into_owned();
        let text = html! { span.plain { (reveal_controls(&value.value)) } };
        Fact::new(name, text)
    });
    render_facts(&facts.collect::<Vec<_>>())
}
