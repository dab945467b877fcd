//! How a tenant looks: name, colours, logos (rows DA-D1 to DA-D4).

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::TenantId;
use runtime::{
    access::scope,
    branding::{self, LARGEST_LOGO, NewBranding, Picture, Place, Slot, Variant, too_large},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
};
use crate::{
    app::{App, text},
    intake::{self, IntakeError},
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put)).routes(routes!(get_logo, put_logo, delete_logo))
}

/// How a tenant looks.
#[derive(Debug, Serialize, ToSchema)]
struct Branding {
    /// What people call the tenant; its own name is used while this is null.
    display_name: Option<String>,
    /// Colours by step, `10` (darkest) to `160` (lightest); `80` is the primary colour.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    palette: Option<BTreeMap<u16, String>>,
    /// Logos by where they stand.
    logos: Logos,
    /// Pictures by destination of hand-offs.
    handoff_icons: BTreeMap<String, String>,
    /// The destinations that can have an icon: those to which transcripts were handed off.
    handoff_destinations: Vec<String>,
}

/// The logos of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct Logos {
    /// At the head of the start page.
    application_header: LogoPair,
    /// In the head of the chat.
    chat_header_icon: LogoPair,
    /// At the head of the bar beside the chat, on the chat's own page.
    sidebar_header_logo: LogoPair,
}

/// A logo for each ground.
#[derive(Debug, Serialize, ToSchema)]
struct LogoPair {
    /// On a light ground.
    light: Option<Logo>,
    /// On a dark ground.
    dark: Option<Logo>,
}

/// A logo.
#[derive(Debug, Serialize, ToSchema)]
struct Logo {
    /// `image/png` or `image/jpeg`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// In bytes.
    size: usize,
    /// Where it is served, for everybody.
    url: String,
    updated_at: String,
}

impl Branding {
    fn of(tenant: &TenantId, branding: branding::Branding, handoff_destinations: Vec<String>) -> Self {
        let logo = |place| {
            branding.logo(place).map(|logo| Logo {
                kind: logo.kind.media_type(),
                size: logo.size,
                url: address(tenant, place, &logo.digest),
                updated_at: logo.updated_at.to_string(),
            })
        };
        let pair = |slot| LogoPair {
            light: logo(Place { slot, variant: Variant::Light }),
            dark: logo(Place { slot, variant: Variant::Dark }),
        };
        Self {
            logos: Logos {
                application_header: pair(Slot::ApplicationHeader),
                chat_header_icon: pair(Slot::ChatHeaderIcon),
                sidebar_header_logo: pair(Slot::SidebarHeaderLogo),
            },
            palette: branding.palette.as_ref().map(|palette| palette.colours().clone()),
            display_name: branding.display_name,
            handoff_icons: branding.handoff_icons,
            handoff_destinations,
        }
    }
}

/// Where a logo is served. The digest makes a new logo a new address.
pub(crate) fn address(tenant: &TenantId, Place { slot, variant }: Place, digest: &str) -> String {
    format!("/api/v1/{tenant}/branding/logos/{}/{}?v={digest}", slot.as_str(), variant.as_str())
}

/// What the branding is to be, but for the logos. What is absent is the platform's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BrandingSet {
    /// 1 to 200 characters.
    #[serde(default)]
    display_name: Option<String>,
    /// Exactly the keys `10`, `20` … `160`, each a colour as `#rrggbb`.
    #[serde(default)]
    palette: Option<BTreeMap<String, String>>,
    /// Addresses of pictures by destination; only those to which transcripts were handed off.
    #[serde(default)]
    handoff_icons: BTreeMap<String, String>,
}

/// How the tenant looks.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/branding", tag = "Tenant", operation_id = "getBranding",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The branding", body = Branding),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["branding:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::BrandingRead>) -> Result<axum::Json<Branding>, Problem> {
    let branding = app.brandings.get(caller.tenant()).await?;
    Ok(axum::Json(shown(&app, caller.tenant(), branding).await?))
}

/// Replaces the tenant's name for people and its colours; the logos stay.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/branding", tag = "Tenant", operation_id = "putBranding",
    params(("tenant" = String, Path, description = "The tenant")), request_body = BrandingSet,
    responses(
        (status = 200, description = "The branding as it is now", body = Branding),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["branding:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::BrandingUpdate>,
    set: Json<BrandingSet>,
) -> Result<axum::Json<Branding>, Problem> {
    let BrandingSet { display_name, palette, handoff_icons } = set.0;
    let tenant = caller.tenant();
    let before = app.brandings.get(tenant).await?;
    let after = app.brandings.put(tenant, NewBranding { display_name, palette, handoff_icons }).await?;
    caller.note(&app, Did::what("branding.updated").before(&before).after(&after)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(shown(&app, tenant, after).await?))
}

async fn shown(app: &App, tenant: &TenantId, branding: branding::Branding) -> Result<Branding, Problem> {
    let destinations = app.brandings.handoff_destinations(tenant).await?;
    Ok(Branding::of(tenant, branding, destinations))
}

type Path = Named<(String, String, String)>;

/// The logo that a path names.
fn named(path: &Path) -> Result<(String, Place), Problem> {
    let (_, slot, variant) = &path.0;
    let name = format!("{slot}/{variant}");
    let place = Place::named(slot, variant).ok_or_else(|| Problem::not_found("logo", &name))?;
    Ok((name, place))
}

/// A logo, for everybody: pages show it to visitors.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/branding/logos/{slot}/{variant}", tag = "Tenant", operation_id = "getLogo",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("slot" = String, Path, description = "`application_header`, `chat_header_icon` or `sidebar_header_logo`"),
        ("variant" = String, Path, description = "`light` or `dark`: the ground that it stands on"),
    ),
    responses(
        (status = 200, description = "The picture", body = String, content_type = "image/png"),
        (status = 304, description = "As the caller has it"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn get_logo(app: State<App>, path: Path, headers: HeaderMap) -> Result<Response, Problem> {
    let (name, place) = named(&path)?;
    let none = || Problem::not_found("logo", &name);
    // A tenant that does not exist and one without a logo look the same.
    let known = app.directory.now().tenant(&path.0.0).cloned().ok_or_else(none)?;
    let logo = known.branding.logo(place).ok_or_else(none)?;
    let tag = format!("\"{}\"", logo.digest);
    let mut response = if text(&headers, header::IF_NONE_MATCH.as_str()).is_some_and(|tags| tags.contains(&tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let picture = app.brandings.picture(known.id(), place).await?.ok_or_else(none)?;
        ([(header::CONTENT_TYPE, picture.kind.media_type())], picture.bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The field under which a picture is complained about.
const FILE: &str = "file";

/// Sets a logo. The body is the picture as it is: PNG or JPEG, at most 2 MiB; its content tells which.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/branding/logos/{slot}/{variant}", tag = "Tenant", operation_id = "putLogo",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("slot" = String, Path, description = "`application_header`, `chat_header_icon` or `sidebar_header_logo`"),
        ("variant" = String, Path, description = "`light` or `dark`: the ground that it stands on"),
    ),
    request_body(content = String, content_type = "application/octet-stream", description = "The picture"),
    responses(
        (status = 200, description = "The branding as it is now", body = Branding),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["branding:update"]))
)]
async fn put_logo(
    app: State<App>,
    caller: Caller<scope::BrandingUpdate>,
    path: Path,
    body: Body,
) -> Result<axum::Json<Branding>, Problem> {
    let ((name, place), tenant) = (named(&path)?, caller.tenant());
    let bytes = intake::bytes(body, LARGEST_LOGO, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::TooLarge(_) => Problem::from(too_large(FILE)),
        IntakeError::Incomplete | IntakeError::NotJson => Problem::slow_body(),
    })?;
    let picture = Picture::read(FILE, bytes)?;
    let before = app.brandings.get(tenant).await?;
    let after = app.brandings.put_logo(tenant, place, &picture).await?;
    let did = Did::to("logo.updated", name).before(&before.logo(place)).after(&after.logo(place));
    caller.note(&app, did).await?;
    app.directory.reload().await?;
    Ok(axum::Json(shown(&app, tenant, after).await?))
}

/// Deletes a logo.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/branding/logos/{slot}/{variant}", tag = "Tenant", operation_id = "deleteLogo",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("slot" = String, Path, description = "`application_header`, `chat_header_icon` or `sidebar_header_logo`"),
        ("variant" = String, Path, description = "`light` or `dark`: the ground that it stands on"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["branding:update"]))
)]
async fn delete_logo(
    app: State<App>,
    caller: Caller<scope::BrandingUpdate>,
    path: Path,
) -> Result<StatusCode, Problem> {
    let ((name, place), tenant) = (named(&path)?, caller.tenant());
    let before = app.brandings.get(tenant).await?;
    app.brandings.delete_logo(tenant, place).await?;
    caller.note(&app, Did::to("logo.deleted", name).before(&before.logo(place))).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}
