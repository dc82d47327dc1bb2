//! Fields of the form of an act: how each is shown, and the values that it takes.

use crate::message::message;
use crate::part::act_value::ActValue;
use crate::part::text::reveal_controls;
use hansa_policy::safe_text::{SingleLineText, printable_lines};
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Field of the form of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActField {
    /// Name of the field in the form, of letters, digits and hyphens; not `key`, `shown`, `language` or `preview`.
    pub name: String,
    /// Name of the field for people.
    pub label: String,
    /// Help for the person who fills it.
    pub hint: Option<String>,
    /// Sentence about a value that the field does not take.
    pub fault: String,
    /// Value at the beginning.
    pub initial: String,
    /// `true` if an empty value is wrong.
    pub is_required: bool,
    /// `true` if the value may say something about a person. The record of the act has no trace of it.
    pub is_personal: bool,
    /// Kind of the field.
    pub input: FieldInput,
}

/// Kind of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldInput {
    /// One line of text, at most so many letters.
    Line {
        /// Largest number of letters.
        most: usize,
    },
    /// Several lines of text, at most so many letters.
    Lines {
        /// Largest number of letters.
        most: usize,
        /// Number of lines that are seen at once.
        rows: usize,
    },
    /// One of several values.
    Choice(Vec<FieldOption>),
    /// Any number of several values: a line each.
    Choices(Vec<FieldOption>),
    /// Tick: `yes`, or empty.
    Tick,
    /// Day, such as `2027-01-31`.
    Date,
    /// Whole number.
    Number {
        /// Least value.
        least: u64,
        /// Largest value.
        most: u64,
    },
}

/// Value that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOption {
    /// Value in the form.
    pub value: String,
    /// Words for people.
    pub label: String,
}

impl FieldOption {
    /// Value that is shown as it is.
    #[must_use]
    pub fn plain(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: value.to_owned(),
        }
    }
}

impl ActField {
    /// Field that must be filled, without a hint.
    pub(crate) fn new(name: &str, label: String, fault: String, input: FieldInput) -> Self {
        Self {
            name: name.to_owned(),
            label,
            hint: None,
            fault,
            initial: String::new(),
            is_required: true,
            is_personal: false,
            input,
        }
    }

    /// Adds help for the person who fills it.
    pub(crate) fn with_hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Sets the value at the beginning.
    pub(crate) fn with_initial(mut self, value: &str) -> Self {
        value.clone_into(&mut self.initial);
        self
    }

    /// Lets the field be empty.
    pub(crate) const fn mark_optional(mut self) -> Self {
        self.is_required = false;
        self
    }

    /// Keeps the value out of the record of the act.
    pub(crate) const fn mark_personal(mut self) -> Self {
        self.is_personal = true;
        self
    }

    /// ID of the first input, to which a fault leads.
    pub(super) fn first_id(&self) -> String {
        match &self.input {
            FieldInput::Choices(options) if !options.is_empty() => option_name(&self.name, 0),
            _ => self.name.clone(),
        }
    }

    /// Writes all that the page shows of the field.
    pub(super) fn write_shown_text(&self, text: &mut String) {
        let Self {
            name,
            label,
            hint,
            initial,
            input,
            ..
        } = self;
        let hint = hint.as_deref().unwrap_or_default();
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{name:?} {label:?} {hint:?} {initial:?}");
        if let FieldInput::Choice(options) | FieldInput::Choices(options) = input {
            for FieldOption { value, label } in options {
                let _ = writeln!(text, "{value:?} {label:?}");
            }
        }
    }

    /// Value of the field in a form that was sent.
    pub(super) fn read_value(&self, sent: &BTreeMap<String, String>) -> String {
        let read = |name: &str| sent.get(name).map_or("", |value| value.trim());
        match &self.input {
            FieldInput::Choices(options) => {
                // The options may have another order than on the page that was sent.
                let is_chosen = |option: &&FieldOption| {
                    let mut sent = sent.iter();
                    sent.any(|(name, value)| {
                        is_option_name(&self.name, name) && value.trim() == option.value
                    })
                };
                let chosen = options.iter().filter(is_chosen);
                let chosen: Vec<&str> = chosen.map(|option| option.value.as_str()).collect();
                chosen.join("\n")
            }
            // A browser sends line breaks as two characters.
            FieldInput::Lines { .. } => read(&self.name).replace("\r\n", "\n"),
            _ => read(&self.name).to_owned(),
        }
    }

    /// `true` if the field takes a value.
    pub(super) fn takes(&self, value: &str) -> bool {
        if value.is_empty() {
            return !self.is_required;
        }
        match &self.input {
            FieldInput::Line { most } => {
                value.chars().count() <= *most && SingleLineText::parse(&self.name, value).is_ok()
            }
            FieldInput::Lines { most, .. } => {
                value.chars().count() <= *most && matches!(printable_lines(value), Cow::Borrowed(_))
            }
            FieldInput::Choice(options) => options.iter().any(|option| option.value == value),
            // The values are those of the options that were sent.
            FieldInput::Choices(_) => true,
            FieldInput::Tick => value == "yes",
            FieldInput::Date => is_date(value),
            FieldInput::Number { least, most } => {
                let number = value.parse::<u64>();
                number.is_ok_and(|number| (*least..=*most).contains(&number))
            }
        }
    }

    /// Value for the person; none where nothing was entered, and for a tick that was necessary.
    pub(super) fn describe_value(&self, value: &str) -> Option<ActValue> {
        let find_label = |options: &[FieldOption], value: &str| {
            let mut options = options.iter();
            let option = options.find(|option| option.value == value);
            option.map_or_else(|| value.to_owned(), |option| option.label.clone())
        };
        let shown = match &self.input {
            _ if value.is_empty() => return None,
            FieldInput::Tick if self.is_required => return None,
            FieldInput::Choice(options) => find_label(options, value),
            FieldInput::Choices(options) => {
                let chosen = value.lines().map(|value| find_label(options, value));
                chosen.collect::<Vec<_>>().join(", ")
            }
            _ => value.to_owned(),
        };
        Some(ActValue {
            name: self.label.clone(),
            value: shown,
        })
    }
}

/// Checks the form of a day. The command knows if the calendar has it.
fn is_date(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Name of the input of an option among several that can be chosen.
fn option_name(field: &str, index: usize) -> String {
    format!("{field}-{index}")
}

/// `true` for the name of an input of an option of the field.
fn is_option_name(field: &str, name: &str) -> bool {
    let index = name
        .strip_prefix(field)
        .and_then(|rest| rest.strip_prefix('-'));
    index.is_some_and(|index| index.parse::<usize>().is_ok())
}

/// Field with its label, its hint and its value.
pub(super) fn render_field(
    language: Language,
    field: &ActField,
    value: &str,
    is_wrong: bool,
) -> Markup {
    let name = field.name.as_str();
    let value = reveal_controls(value);
    let hint_id = format!("{name}-hint");
    let described = field.hint.as_ref().map(|_| hint_id.as_str());
    let invalid = is_wrong.then_some("true");
    let label = html! {
        label for=(name) {
            (field.label)
            @if !field.is_required { " " span.hint { (message!(language, "field-optional")) } }
        }
        (render_hint(field, &hint_id))
    };
    html! {
        @match &field.input {
            FieldInput::Line { most } => div {
                (label)
                input id=(name) name=(name) type="text" maxlength=(most) autocomplete="off" value=(value)
                    aria-describedby=[described] aria-invalid=[invalid];
            },
            FieldInput::Lines { most, rows } => div {
                (label)
                textarea id=(name) name=(name) rows=(rows) maxlength=(most) spellcheck="false"
                    aria-describedby=[described] aria-invalid=[invalid] {
                    // The reader of HTML leaves out the first line break.
                    "\n" (value)
                }
            },
            FieldInput::Choice(options) => div {
                (label)
                select id=(name) name=(name) aria-describedby=[described] aria-invalid=[invalid] {
                    // A value that is no option any more is chosen anew, and no other one stands in its place.
                    @if field.initial.is_empty() || !field.is_required || options.iter().all(|option| option.value != value) {
                        option value="" { (message!(language, "field-choose")) }
                    }
                    @for option in options {
                        option value=(reveal_controls(&option.value)) selected[option.value == value] {
                            (reveal_controls(&option.label))
                        }
                    }
                }
            },
            FieldInput::Choices(options) => fieldset {
                legend { (field.label) }
                (render_hint(field, &hint_id))
                @for (index, option) in options.iter().enumerate() {
                    @let id = option_name(name, index);
                    div.choice {
                        input id=(id) name=(id) type="checkbox" value=(reveal_controls(&option.value))
                            checked[value.lines().any(|line| line == option.value)]
                            aria-describedby=[described] aria-invalid=[invalid];
                        label for=(id) { (reveal_controls(&option.label)) }
                    }
                }
            },
            FieldInput::Tick => div {
                div.choice {
                    input id=(name) name=(name) type="checkbox" value="yes" checked[value == "yes"]
                        aria-describedby=[described] aria-invalid=[invalid];
                    label for=(name) { (field.label) }
                }
                (render_hint(field, &hint_id))
            },
            FieldInput::Date => div {
                (label)
                input id=(name) name=(name) type="date" value=(value) aria-describedby=[described] aria-invalid=[invalid];
            },
            FieldInput::Number { least, most } => div {
                (label)
                input id=(name) name=(name) type="number" min=(least) max=(most) step="1" value=(value)
                    aria-describedby=[described] aria-invalid=[invalid];
            },
        }
    }
}

fn render_hint(field: &ActField, id: &str) -> Markup {
    html! {
        @if let Some(hint) = &field.hint {
            p.hint id=(id) { (hint) }
        }
    }
}
