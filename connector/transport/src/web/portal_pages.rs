//! Pages for data portals, which everybody may read. Another package builds them.

use super::format::byte_length;
use super::negotiated_format::accepted_media_types;
use super::open_data::open_to_all;
use super::problem::WebError;
use super::request::WebRequest;
use super::{PortalPage, WebHandler};
use crate::client_connection::ClientConnection;
use axum::body::Body;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderValue, Method, Response, StatusCode, header};

/// Response to a reader of the catalogue; none for other paths.
pub(super) async fn answer_request<H: WebHandler>(
    handler: &H,
    request: &WebRequest,
    connection: &ClientConnection,
) -> Option<Result<Response<Body>, WebError>> {
    let method = &request.parts.method;
    if (*method != Method::GET && *method != Method::HEAD) || !handler.tells_portals(&request.path)
    {
        return None;
    }
    // Counted before anything is computed.
    let page = match super::open_data::admit_caller(handler, connection) {
        Ok(()) => find_page(handler, request).await,
        Err(error) => return Some(Err(error)),
    };
    let page = match page {
        Ok(page) => page?,
        Err(refusal) => return Some(Err(refusal.into())),
    };
    Some(send_page(handler, page, request).await.map(open_to_all))
}

/// Page at a path.
async fn find_page<H: WebHandler>(
    handler: &H,
    request: &WebRequest,
) -> Result<Option<PortalPage>, Refusal> {
    let accept = accepted_media_types(&request.parts.headers);
    let accept = accept.map(|ranges| {
        let media = ranges.into_iter().map(|(_, media)| media);
        media.collect::<Vec<_>>()
    });
    handler
        .find_portal_page(&request.path, accept.as_deref(), &request.parameters)
        .await
}

async fn send_page<H: WebHandler>(
    handler: &H,
    page: PortalPage,
    request: &WebRequest,
) -> Result<Response<Body>, WebError> {
    if request.parts.method != Method::HEAD {
        request.insist_on(&Method::GET)?;
    }
    let internal =
        |cause| Refusal::new(ErrorCode::Internal, "a header can't be written").caused_by(cause);
    // A weak tag, since equal triples may be written in another order.
    let tag = format!("W/\"{}\"", page.tag);
    let known = request.parts.headers.get(header::IF_NONE_MATCH);
    let is_same = page.status == 200
        && known
            .and_then(|known| known.to_str().ok())
            .is_some_and(|list| {
                let mut tags = list.split(',').map(str::trim);
                tags.any(|known| known == "*" || known == tag)
            });
    let is_sent = !is_same && request.parts.method == Method::GET;
    let sends = if is_sent {
        byte_length(page.body.len())
    } else {
        0
    };
    // INVARIANT: reserved-before-sent. Pages about open data are counted in a reservation of their own.
    handler.reserve(None, sends).await?;
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(page.content_type),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    let tag = HeaderValue::from_str(&tag).map_err(internal)?;
    headers.insert(header::ETAG, tag);
    if let Some(location) = &page.location {
        let location = HeaderValue::from_str(location).map_err(internal)?;
        headers.insert(header::LOCATION, location);
    }
    let status = match is_same {
        true => StatusCode::NOT_MODIFIED,
        false => StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    if !is_same {
        let length = HeaderValue::from(page.body.len());
        headers.insert(header::CONTENT_LENGTH, length);
    }
    *response.status_mut() = status;
    if is_sent {
        *response.body_mut() = Body::from(page.body);
    }
    Ok(response)
}
