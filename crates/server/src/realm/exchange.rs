//! A user's token for a token of a tenant (RFC 8693, rows DA-A02 to DA-A05).
//!
//! The audience is the tenant's slug, and there is one. What the token allows is what the tenant's user may
//! do there at this moment; it is good for two minutes, since nothing can take it back.

use model::{TenantId, Timestamp};
use runtime::{
    documents::DocumentError,
    realm::{
        access::{self, AccessClaims, TENANT_TOKEN_SECONDS},
        clients::Client,
        keys::TokenType,
    },
};

use super::{
    issuer,
    parameters::Parameters,
    refusal::OauthRefusal,
    token::{TokenAnswer, narrowed},
};
use crate::app::Shared;

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

pub(super) async fn exchange(
    app: &Shared,
    client: Option<&Client>,
    parameters: &Parameters,
) -> Result<TokenAnswer, OauthRefusal> {
    let subject = parameters.get("subject_token")?.ok_or_else(|| OauthRefusal::request("subject_token is missing"))?;
    if !matches!(parameters.get("subject_token_type")?, Some(ACCESS_TOKEN | JWT)) {
        return Err(OauthRefusal::request(format!("subject_token_type must be {ACCESS_TOKEN}")));
    }
    if !matches!(parameters.get("requested_token_type")?, None | Some(ACCESS_TOKEN | JWT)) {
        return Err(OauthRefusal::request(format!("requested_token_type must be {ACCESS_TOKEN}")));
    }
    if parameters.get("actor_token")?.is_some() {
        return Err(OauthRefusal::request("an actor_token is not understood"));
    }
    let audience =
        parameters.get("audience")?.ok_or_else(|| OauthRefusal::request("audience is missing: name a tenant"))?;

    let wrong = || OauthRefusal::request("the subject_token is not a good user token of this realm");
    let claims = user_token(app, subject).await?.ok_or_else(wrong)?;
    if client.is_some_and(|client| client.id != claims.client_id) {
        return Err(OauthRefusal::request("the subject_token was issued to another client"));
    }
    let account = app.realm.accounts.get(&claims.sub).await?.ok_or_else(wrong)?;
    // A tenant that one is not in and one that does not exist look the same.
    let nobody = || OauthRefusal::new("invalid_target", "the audience is not a tenant that the user is in");
    let tenant = audience.parse::<TenantId>().map_err(|_| nobody())?;
    let member = access::membership(app.runtime.store(), &account, &tenant).await?.ok_or_else(nobody)?;

    let scope = narrowed(&member.scopes, parameters.get("scope")?)?;
    let subject = Subject {
        account: claims.sub,
        client: claims.client_id,
        auth_time: claims.auth_time,
        grant: claims.grant,
        user: member.user,
    };
    let answer = tenant_token(app, &tenant, subject, scope).await?;
    Ok(TokenAnswer { issued_token_type: Some(ACCESS_TOKEN), ..answer })
}

/// Whom a tenant's token is for, and through what they get it.
pub(super) struct Subject {
    pub(super) account: String,
    pub(super) client: String,
    pub(super) auth_time: Option<i64>,
    pub(super) grant: Option<String>,
    /// The tenant's user that the account is.
    pub(super) user: String,
}

/// A tenant's token for one of its users, with a scope that they hold.
pub(super) async fn tenant_token(
    app: &Shared,
    tenant: &TenantId,
    subject: Subject,
    scope: String,
) -> Result<TokenAnswer, DocumentError> {
    let iat = Timestamp::now().seconds();
    let claims = AccessClaims {
        iss: issuer(app),
        sub: subject.account,
        aud: tenant.to_string(),
        exp: iat + TENANT_TOKEN_SECONDS,
        iat,
        jti: uuid::Uuid::new_v4().to_string(),
        client_id: subject.client,
        scope: scope.clone(),
        auth_time: subject.auth_time,
        grant: subject.grant,
        user: Some(subject.user),
    };
    let access_token = app.realm.keys.ring().await?.sign(TokenType::Access, &claims)?;
    Ok(TokenAnswer::bearer(access_token, TENANT_TOKEN_SECONDS, scope))
}

/// A user's own access token whose grant is still in force.
pub(super) async fn user_token(app: &Shared, token: &str) -> Result<Option<AccessClaims>, OauthRefusal> {
    let issuer = issuer(app);
    let verified = app.realm.keys.ring().await?.verify::<AccessClaims>(token, TokenType::Access, &issuer);
    let Ok(claims) = verified else { return Ok(None) };
    if claims.aud != issuer {
        return Ok(None);
    }
    let grant = match &claims.grant {
        Some(grant) => app.realm.grants.get(grant).await?,
        None => None,
    };
    Ok(grant.is_some().then_some(claims))
}
