//! Guide inside the console: a list of its topics, and one topic.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::guide_text::{guide_title, heading_id, render_guide};
use crate::part::layout::{PageContent, render_layout};
use maud::html;

/// Topic of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuideTopic {
    /// Word of the topic in its address.
    pub name: &'static str,
    /// English text of the topic.
    text: &'static str,
}

/// Topic from the name of its file in the guide.
macro_rules! topic {
    ($name:literal) => {
        GuideTopic {
            name: $name,
            text: include_str!(concat!("../../../../docs/guide/", $name, ".md")),
        }
    };
}

/// Topics, in the order of the list.
const TOPICS: [GuideTopic; 12] = [
    topic!("console"),
    topic!("first-answer"),
    topic!("city"),
    topic!("policies"),
    topic!("firm"),
    topic!("questions"),
    topic!("analyst"),
    topic!("auditor"),
    topic!("operator"),
    topic!("league"),
    topic!("partners"),
    GuideTopic {
        name: "incidents",
        text: include_str!("../../../../docs/incidents.md"),
    },
];

impl GuideTopic {
    /// Topic of a word; none for another word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TOPICS.into_iter().find(|topic| topic.name == name)
    }

    fn address(self) -> String {
        format!("/help/{}", self.name)
    }
}

/// Address in the console of a link in the guide.
fn link_target(target: &str) -> Option<String> {
    if let Some(heading) = target.strip_prefix('#') {
        return Some(format!("#{}", heading_id(heading)));
    }
    let (file, heading) = match target.split_once('#') {
        Some((file, heading)) => (file, Some(heading)),
        None => (target, None),
    };
    let name = file.strip_prefix("../").unwrap_or(file);
    let topic = GuideTopic::from_name(name.strip_suffix(".md")?)?;
    let address = topic.address();
    Some(match heading {
        Some(heading) => format!("{address}#{}", heading_id(heading)),
        None => address,
    })
}

/// Page with the topics.
#[must_use]
pub fn render_help(frame: &PageFrame<'_>) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "help-lead")) }
        ul {
            @for topic in TOPICS {
                li { a href=(topic.address()) lang="en" { (guide_title(topic.text)) } }
            }
        }
    };
    let title = message!(language, "help-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Page of one topic.
#[must_use]
pub fn render_help_topic(frame: &PageFrame<'_>, topic: GuideTopic) -> String {
    let language = frame.language;
    let name = guide_title(topic.text);
    let body = html! {
        p.hint { (message!(language, "help-english")) }
        div.guide lang="en" { (render_guide(topic.text, link_target)) }
        p { a href="/help" { (message!(language, "help-all")) } }
    };
    let content = PageContent {
        heading: html! { span lang="en" { (name) } },
        ..PageContent::new(name.to_owned(), body)
    };
    render_layout(frame, &content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::help_address::{INCIDENT_HELP, help_address};

    #[test]
    fn links_between_topics_stay_in_the_console() {
        assert_eq!(link_target("city.md").as_deref(), Some("/help/city"));
        assert_eq!(
            link_target("../incidents.md").as_deref(),
            Some("/help/incidents")
        );
        assert_eq!(
            link_target("league.md#give-the-league-a-rulebook").as_deref(),
            Some("/help/league#g-give-the-league-a-rulebook")
        );
        for other in [
            "../sql.md",
            "https://example.org/city.md",
            "../../x/city.md",
        ] {
            assert_eq!(link_target(other), None, "{other}");
        }
    }

    #[test]
    fn each_section_has_its_topic() {
        let sections = [
            "",
            "datasets",
            "policies",
            "contracts",
            "catalog",
            "ask",
            "answers",
            "evidence",
            "operations",
            "settings",
            "me",
            "x",
        ];
        for section in sections {
            let address = help_address(&format!("/{section}/y"));
            let name = address.strip_prefix("/help/").unwrap();
            assert!(GuideTopic::from_name(name).is_some(), "{section}");
        }
        let name = INCIDENT_HELP.strip_prefix("/help/").unwrap();
        assert!(GuideTopic::from_name(name).is_some());
    }
}
