//! Logins at the issuer: the way there, the way back, and the logout that the issuer tells.

use crate::console::act_pages::permit_pending_act;
use crate::console::login_proof::login_step;
use crate::console::page_visit::{PageVisit, html_response, redirect};
use crate::console::passkey_pages::owner_of;
use crate::console::person_visit::PersonVisit;
use hansa_console::{DoneLogin, FaultView, IssuerLink, LoginStep, render_done_login, render_fault};
use hansa_node::config::console::ConsoleConfig;
use hansa_node::console::act::find_act;
use hansa_node::console::issuer_login::{
    FinishedLogin, StartedLogin, begin_act_login, begin_sign_in, end_sessions, finish_login,
};
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::console::refusal_status;
use hansa_transport::internal_error::with_trace_number;
use hansa_transport::{ConsoleRequest, ConsoleResponse, CookieChange};
use std::sync::Arc;

/// Parameter of the address that begins a login after a sign-out.
const FRESH: &str = "fresh";

/// Parameter of the address that begins a login for a pending act.
pub(super) const ACT: &str = "act";

/// Link of the sign-in page to the issuer; none where people sign in without one.
pub(super) fn issuer_link(config: &ConsoleConfig, is_fresh: bool) -> Option<IssuerLink> {
    let issuer = &config.sign_in_issuer()?.issuer;
    let (_, authority) = issuer.split_once("://")?;
    let host = authority.split('/').next().unwrap_or_default().to_owned();
    Some(IssuerLink { host, is_fresh })
}

/// Sends a browser to the issuer, to sign in.
pub(super) async fn start_sign_in(
    connector: &Arc<Connector>,
    visit: &PageVisit,
) -> ConsoleResponse {
    let fresh = visit.request.parameters.get(FRESH);
    let is_fresh = fresh.is_some_and(|value| value == "yes");
    match begin_sign_in(connector, &visit.browser, is_fresh).await {
        Ok(started) => send_to_issuer(started),
        Err(refusal) => show_login_fault(visit, &refusal),
    }
}

/// Sends the browser of a person to the issuer, to log in afresh for a pending act.
pub(super) async fn start_act_login(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let id = visit.parameter(ACT);
    let pending = find_act(visit.connector, id, owner_of(visit))?;
    permit_pending_act(visit, &pending).await?;
    if login_step(visit, &pending)? != LoginStep::Offered {
        let sentence = "a login at the issuer is no proof of this act";
        return Err(Refusal::new(ErrorCode::ActUnconfirmed, sentence)
            .with_help("use a passkey, or the number at the machine of the connector"));
    }
    let browser = &visit.visit.browser;
    let started = begin_act_login(visit.connector, browser, &visit.person, id, owner_of(visit));
    Ok(send_to_issuer(started.await?))
}

/// Takes back a browser that the issuer has sent here. The session begins on the page that follows, since a browser keeps the cookie of
/// a session from a page to which another site leads.
pub(super) async fn receive_callback(
    connector: &Arc<Connector>,
    visit: &PageVisit,
) -> ConsoleResponse {
    let ConsoleRequest {
        login, parameters, ..
    } = &visit.request;
    let finished = finish_login(connector, login.as_deref(), parameters, &visit.browser).await;
    let facts = visit.anonymous_frame_facts_at("/");
    let frame = facts.to_frame();
    let response = match &finished {
        Ok(FinishedLogin::SignedIn(secret)) => ConsoleResponse {
            cookie: Some(CookieChange::Set(secret.clone())),
            next: Some(DoneLogin::SignedIn.next_address()),
            ..html_response(200, render_done_login(&frame, DoneLogin::SignedIn))
        },
        Ok(FinishedLogin::ActProven(id)) => ConsoleResponse {
            next: Some(DoneLogin::Act(id).next_address()),
            ..html_response(200, render_done_login(&frame, DoneLogin::Act(id)))
        },
        Err(refusal) => show_login_fault(visit, refusal),
    };
    ConsoleResponse {
        login: Some(CookieChange::Clear),
        ..response
    }
}

/// Ends the sessions of a logout at the issuer (OpenID Connect Back-Channel Logout 1.0, section 2.8).
pub(super) async fn take_logout(connector: &Arc<Connector>, visit: &PageVisit) -> ConsoleResponse {
    let token = visit.request.form.get("logout_token");
    let token = token.map_or("", String::as_str);
    let (status, body) = match end_sessions(connector, token).await {
        Ok(ended) => {
            tracing::info!(ended, "console.logout_told");
            (200, String::new())
        }
        Err(refusal) => {
            tracing::warn!(%refusal, "console.logout_refused");
            let status = match refusal.code {
                ErrorCode::LogoutTokenInvalid => 400,
                code => refusal_status(code),
            };
            (status, r#"{"error":"invalid_request"}"#.to_owned())
        }
    };
    ConsoleResponse {
        content_type: "application/json",
        ..html_response(status, body)
    }
}

fn send_to_issuer(started: StartedLogin) -> ConsoleResponse {
    ConsoleResponse {
        login: Some(CookieChange::Set(started.state)),
        ..redirect(&started.address)
    }
}

/// Page of a fault, without the parameters with which the browser came.
fn show_login_fault(visit: &PageVisit, refusal: &Refusal) -> ConsoleResponse {
    let refusal = with_trace_number(refusal.clone());
    let facts = visit.anonymous_frame_facts_at("/enter");
    let view = FaultView {
        back: Some("/enter".to_owned()),
        ..FaultView::from(&refusal)
    };
    html_response(
        refusal_status(refusal.code),
        render_fault(&facts.to_frame(), &view),
    )
}
