//! Routes of the console: sign-in, sign-out, and the pages.

use crate::cli::connector_command::ConnectorCommand;
use crate::console::act_form_pages::{show_act_form, submit_act_form};
use crate::console::act_pages::{finish_act, show_act, show_pending_act, submit_act};
use crate::console::act_table::RequestedAct;
use crate::console::answer_map_pages::show_answer_map;
use crate::console::ask_pages::{download_answer, show_answer, show_ask, stop_answer, submit_ask};
use crate::console::catalog_pages::{show_catalog, show_catalog_entry};
use crate::console::contract_pages::{show_comparison, show_contract, show_contracts};
use crate::console::dataset_pages::{show_dataset, show_datasets, submit_dataset_look};
use crate::console::file_pages::{download_export, show_export_file};
use crate::console::first_step_pages::{self, find_steps, show_first_steps};
use crate::console::group_acts::show_groups;
use crate::console::operation_pages::{
    run_check, show_backups, show_check, show_deliveries, show_history, show_operations,
    show_peers, show_running, show_workers,
};
use crate::console::page_visit::{PageVisit, html_response, redirect};
use crate::console::passkey_pages::{show_passkeys, submit_passkey, submit_removal};
use crate::console::person_visit::PersonVisit;
use crate::console::policy_pages::{show_policies, show_policy};
use crate::console::policy_trial_pages::{show_trial, submit_trial};
use crate::console::record_pages::{show_record, submit_record_look};
use crate::console::setting_pages::{
    show_configuration, show_error_help, show_help, show_help_topic, show_own_person, show_people,
    show_statement, show_tokens, stay_signed_in,
};
use crate::console::upload_pages::{receive_file, show_staging};
use crate::console::verification_pages::{begin_verification, show_verification};
use crate::console::{evidence_pages, login_pages};
use hansa_console::{
    ActKind, SignInFault, SignInView, StatusView, find_asset, render_overview, render_sign_in,
    sees_whole_state,
};
use hansa_node::config::console::SignInMethod;
use hansa_node::config::person::Role;
use hansa_node::console;
use hansa_node::participant::Connector;
use hansa_node::process::run_to_completion;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::console::file_upload::FileUpload;
use hansa_transport::console::refusal_status;
use hansa_transport::{
    ConsoleAction, ConsoleHandler, ConsoleRequest, ConsoleResponse, CookieChange,
};
use parking_lot::Mutex;
use std::sync::Arc;

/// Console of a connector.
#[derive(Debug)]
pub(crate) struct ConsoleService(pub(crate) Arc<Connector>);

#[async_trait::async_trait]
impl ConsoleHandler for ConsoleService {
    async fn answer_request(&self, request: ConsoleRequest) -> ConsoleResponse {
        if request.action == ConsoleAction::Read
            && let Some(asset) = find_asset(&format!("/{}", request.path.join("/")))
        {
            return ConsoleResponse {
                status: 200,
                content_type: asset.content_type,
                body: asset.bytes.into(),
                file_name: None,
                location: None,
                next: None,
                cookie: None,
                login: None,
                language: None,
                is_immutable: true,
            };
        }
        let visit = Arc::new(PageVisit::new(&self.0, request));
        let mut response = match visit.request.action {
            ConsoleAction::Read | ConsoleAction::Message => self.answer_visit(&visit).await,
            ConsoleAction::Act => self.answer_act(&visit).await,
        };
        response.language = visit.chosen_language;
        response
    }

    async fn answer_upload(
        &self,
        request: ConsoleRequest,
        upload: &mut FileUpload,
    ) -> ConsoleResponse {
        let visit = PageVisit::new(&self.0, request);
        let Some(visit) = self.identify_person(&visit) else {
            return redirect("/enter");
        };
        let received = receive_file(&visit, upload).await;
        received.unwrap_or_else(|refusal| {
            let status = refusal_status(refusal.code);
            let PersonVisit { visit, person, .. } = &visit;
            visit.fault_response(&self.0, person, &refusal, status)
        })
    }
}

impl ConsoleService {
    /// Visit of the person of a session; none where there is no session.
    fn identify_person<'a>(&'a self, visit: &'a PageVisit) -> Option<PersonVisit<'a>> {
        // INVARIANT: console-session. Before a response shows if a page exists.
        let person = visit.find_person(&self.0)?;
        Some(PersonVisit {
            connector: &self.0,
            visit,
            person,
            notices: Mutex::default(),
        })
    }

    /// Answers a form to its end, also where the browser goes away: an act that is recorded is carried out.
    async fn answer_act(&self, visit: &Arc<PageVisit>) -> ConsoleResponse {
        let (service, form) = (Self(Arc::clone(&self.0)), Arc::clone(visit));
        let answered =
            run_to_completion::to_the_end(async move { Ok(service.answer_visit(&form).await) });
        let response = answered.await;
        response.unwrap_or_else(|refusal| visit.anonymous_fault_response(&refusal))
    }

    async fn answer_visit(&self, visit: &PageVisit) -> ConsoleResponse {
        let path: Vec<&str> = visit.request.path.iter().map(String::as_str).collect();
        match (visit.request.action, path.as_slice()) {
            (ConsoleAction::Read, ["enter"]) => return self.show_sign_in(visit, None, 200),
            (ConsoleAction::Read, ["oidc", "start"])
                if !visit.request.parameters.contains_key(login_pages::ACT) =>
            {
                return login_pages::start_sign_in(&self.0, visit).await;
            }
            (ConsoleAction::Read, ["oidc", "callback"]) => {
                return login_pages::receive_callback(&self.0, visit).await;
            }
            (ConsoleAction::Message, _) => return login_pages::take_logout(&self.0, visit).await,
            (ConsoleAction::Act, ["enter"]) => return self.enter(visit).await,
            (ConsoleAction::Read, [name @ ("accessibility" | "licences")]) => {
                return show_statement(&self.0, visit, name);
            }
            _ => {}
        }
        let Some(visit) = self.identify_person(visit) else {
            return redirect("/enter");
        };
        let answered = match visit.visit.request.action {
            ConsoleAction::Read | ConsoleAction::Message => show_page(&visit, &path).await,
            ConsoleAction::Act => match path.as_slice() {
                ["leave"] => return self.leave(visit.visit),
                path => carry_out_act(&visit, path).await,
            },
        };
        let (refusal, status) = match answered {
            Ok(Some(response)) => return response,
            Ok(None) => {
                let sentence = "there is no page at this address";
                (Refusal::new(ErrorCode::UsageWrong, sentence), 404)
            }
            Err(refusal) => {
                let status = refusal_status(refusal.code);
                (refusal, status)
            }
        };
        let PersonVisit { visit, person, .. } = &visit;
        visit.fault_response(&self.0, person, &refusal, status)
    }

    async fn enter(&self, visit: &PageVisit) -> ConsoleResponse {
        if !self.takes_codes() {
            let sentence = "people sign in to this console by the issuer alone";
            let refusal = Refusal::new(ErrorCode::ConsoleOff, sentence);
            return visit.anonymous_fault_response(&refusal);
        }
        let code = visit.request.form.get("code").map_or("", String::as_str);
        match console::sign_in(&self.0, code, &visit.browser).await {
            Ok(secret) => ConsoleResponse {
                cookie: Some(CookieChange::Set(secret)),
                ..redirect("/")
            },
            Err(refusal) => {
                let fault = match refusal.code {
                    ErrorCode::ConsoleCodeInvalid => SignInFault::CodeWrong,
                    ErrorCode::ConsoleBusy => SignInFault::TriesExhausted,
                    _ => return visit.anonymous_fault_response(&refusal),
                };
                self.show_sign_in(visit, Some(fault), refusal_status(refusal.code))
            }
        }
    }

    /// Ends the session, whatever the age of the page: the form came from a page of the console.
    fn leave(&self, visit: &PageVisit) -> ConsoleResponse {
        visit.sign_out(&self.0);
        ConsoleResponse {
            cookie: Some(CookieChange::Clear),
            ..redirect(
                match login_pages::issuer_link(&self.0.config().console, true) {
                    Some(_) => "/enter?left=yes",
                    None => "/enter",
                },
            )
        }
    }

    fn takes_codes(&self) -> bool {
        let config = self.0.config();
        config.console.sign_in.contains(&SignInMethod::Link)
    }

    fn show_sign_in(
        &self,
        visit: &PageVisit,
        fault: Option<SignInFault>,
        status: u16,
    ) -> ConsoleResponse {
        let facts = visit.anonymous_frame_facts();
        // Whoever signs in after a sign-out is asked by the issuer, also on a machine that others use.
        let has_left = visit.request.parameters.contains_key("left");
        let view = SignInView {
            fault,
            has_codes: self.takes_codes(),
            issuer: login_pages::issuer_link(&self.0.config().console, has_left),
        };
        html_response(status, render_sign_in(&facts.to_frame(), &view))
    }
}

/// Page of an address; none where no page has it.
async fn show_page(
    visit: &PersonVisit<'_>,
    path: &[&str],
) -> Result<Option<ConsoleResponse>, Refusal> {
    if let Some(requested) = RequestedAct::from_path(path) {
        return show_act_form(visit, &requested).await.map(Some);
    }
    let response = match path {
        [""] => show_overview(visit).await?,
        ["start"] => show_first_steps(visit).await?,
        ["contracts"] => show_contracts(visit).await?,
        ["contracts", id] => show_contract(visit, id).await?,
        ["contracts", id, "compare"] => show_comparison(visit, id).await?,
        ["contracts", id, act] => match ActKind::from_path_word(act) {
            Some(kind) => show_act(visit, id, kind).await?,
            None => return Ok(None),
        },
        ["acts", id] => show_pending_act(visit, id)?,
        ["operations"] => show_operations(visit).await?,
        ["operations", "history"] => show_history(visit).await?,
        ["operations", "peers"] => show_peers(visit).await?,
        ["operations", "doctor"] => show_check(visit, None).await?,
        ["operations", "doctor", name] => show_check(visit, Some(name)).await?,
        ["operations", "running"] => show_running(visit).await?,
        ["operations", "delivery"] => show_deliveries(visit).await?,
        ["operations", "workers"] => show_workers(visit).await?,
        ["operations", "backup"] => show_backups(visit).await?,
        ["settings"] => show_configuration(visit).await?,
        ["settings", "people"] => show_people(visit).await?,
        ["settings", "tokens"] => show_tokens(visit).await?,
        ["me"] => show_own_person(visit).await?,
        ["help"] => show_help(visit).await?,
        ["help", topic] => return show_help_topic(visit, topic).await,
        ["help", "errors", code] => return show_error_help(visit, code).await,
        ["ask"] => show_ask(visit).await?,
        ["answers", id] => show_answer(visit, id).await?,
        ["answers", id, "map"] => return show_answer_map(visit, id).await,
        ["answers", id, format] => return download_answer(visit, id, format).await,
        ["datasets"] => show_datasets(visit).await?,
        ["datasets", "add"] => show_staging(visit).await?,
        ["datasets", name] => show_dataset(visit, name).await?,
        ["groups"] => show_groups(visit).await?,
        ["policies"] => show_policies(visit).await?,
        ["policies", name] => show_policy(visit, name).await?,
        ["policies", name, "try"] => show_trial(visit, name).await?,
        ["catalog"] => show_catalog(visit).await?,
        ["catalog", participant, dataset] => {
            show_catalog_entry(visit, participant, dataset).await?
        }
        ["evidence"] => evidence_pages::show_evidence(visit).await?,
        ["evidence", "received"] => evidence_pages::show_received(visit).await?,
        ["evidence", "records"] => evidence_pages::show_records(visit).await?,
        ["evidence", "records", number] => show_record(visit, number).await?,
        ["evidence", "export", "file"] => show_export_file(visit).await?,
        ["evidence", "export", "bundle"] => download_export(visit).await?,
        ["evidence", "heads"] => evidence_pages::show_heads(visit).await?,
        ["evidence", "verify"] => show_verification(visit).await?,
        ["me", "passkeys"] => show_passkeys(visit).await?,
        ["oidc", "start"] => login_pages::start_act_login(visit).await?,
        _ => return Ok(None),
    };
    Ok(Some(response))
}

/// Act of an address; none where no act has it.
async fn carry_out_act(
    visit: &PersonVisit<'_>,
    path: &[&str],
) -> Result<Option<ConsoleResponse>, Refusal> {
    if let Some(requested) = RequestedAct::from_path(path) {
        return submit_act_form(visit, &requested).await.map(Some);
    }
    let response = match path {
        ["contracts", id, act] => match ActKind::from_path_word(act) {
            Some(kind) => submit_act(visit, id, kind).await?,
            None => return Ok(None),
        },
        ["acts", id] => finish_act(visit, id).await?,
        ["stay"] => stay_signed_in(visit).await?,
        ["operations", "doctor"] => run_check(visit, None).await?,
        ["operations", "doctor", name] => run_check(visit, Some(name)).await?,
        ["ask"] => submit_ask(visit).await?,
        ["answers", id, "stop"] => stop_answer(visit, id).await?,
        ["evidence", "verify"] => begin_verification(visit).await?,
        ["evidence", "records", number] => submit_record_look(visit, number).await?,
        ["datasets", name] => submit_dataset_look(visit, name).await?,
        ["policies", name, "try"] => submit_trial(visit, name).await?,
        ["me", "passkeys"] => submit_passkey(visit).await?,
        ["me", "passkeys", key, "remove"] => submit_removal(visit, key).await?,
        _ => return Ok(None),
    };
    Ok(Some(response))
}

async fn show_overview(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(Role::ALL, "overview").await?;
    let command = ConnectorCommand::Status {
        check: false,
        minutes: false,
    };
    let mut view: StatusView = permitted.read_one(command).await?;
    let roles = &visit.person.person.roles;
    if first_step_pages::READERS
        .iter()
        .any(|role| roles.contains(role))
    {
        // The overview stands, whatever is wrong with a part of the steps: their page says it.
        let steps = find_steps(&permitted, &view).await;
        view.open_steps = steps.map_or(0, |steps| steps.count_open());
    }
    let mut facts = visit.frame_facts("hansa status".to_owned());
    let view = match sees_whole_state(facts.roles()) {
        true => view,
        false => view.for_analyst(),
    };
    facts.waiting = Some(view.waiting.len());
    Ok(html_response(
        200,
        render_overview(&facts.to_frame(), &view),
    ))
}
