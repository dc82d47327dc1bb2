//! Page that a browser shows between the issuer and the console.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::address::encode_address;
use crate::part::layout::{PageContent, render_layout};
use maud::html;
use std::collections::BTreeMap;

/// Login at the issuer that has ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoneLogin<'a> {
    /// The person is signed in.
    SignedIn,
    /// The person has logged in afresh for a pending act, which has this identity.
    Act(&'a str),
}

impl DoneLogin<'_> {
    /// Address of the page that follows.
    #[must_use]
    pub fn next_address(self) -> String {
        match self {
            Self::SignedIn => "/".to_owned(),
            Self::Act(id) => {
                let path = ["acts".to_owned(), id.to_owned()];
                encode_address(&path, &BTreeMap::new())
            }
        }
    }
}

/// Page with the one link that goes on. The browser follows it by itself, with the cookies of the console.
#[must_use]
pub fn render_done_login(frame: &PageFrame<'_>, login: DoneLogin<'_>) -> String {
    let language = frame.language;
    let (title, text) = match login {
        DoneLogin::SignedIn => (
            message!(language, "login-done-title"),
            message!(language, "login-done-text"),
        ),
        DoneLogin::Act(_) => (
            message!(language, "login-act-title"),
            message!(language, "login-act-text"),
        ),
    };
    let body = html! {
        p { (text) }
        p.buttons { a href=(login.next_address()) { (message!(language, "login-go-on")) } }
    };
    render_layout(frame, &PageContent::new(title, body))
}
