// What a Node program does with the realm: finds out where everything is, and gets a service account's token.
import * as openid from "openid-client";

const { URL: base, SERVICE_SECRET } = process.env;
const realm = new URL(`${base}/realms/dial-ai`);
const insecure = { execute: [openid.allowInsecureRequests] };

const web = await openid.discovery(realm, "dial-ai-web", undefined, openid.None(), insecure);
const authorization = openid.buildAuthorizationUrl(web, {
  redirect_uri: "http://127.0.0.1:9/back",
  scope: "openid",
  state: openid.randomState(),
  code_challenge: await openid.calculatePKCECodeChallenge(openid.randomPKCECodeVerifier()),
  code_challenge_method: "S256",
});

const service = await openid.discovery(realm, "nightly", SERVICE_SECRET, undefined, insecure);
const tokens = await openid.clientCredentialsGrant(service);
const agents = await fetch(`${base}/api/v1/demo/agents`, {
  headers: { Authorization: `Bearer ${tokens.access_token}` },
});

console.log(
  JSON.stringify({
    issuer: web.serverMetadata().issuer,
    authorization: authorization.href,
    scope: tokens.scope,
    status: agents.status,
  }),
);
