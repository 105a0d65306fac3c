// A provider by `oidc-provider` (panva): believes whoever signs in, at the level that it is told.
// Takes a JSON object on its command line, and prints its port once it listens.
import { createServer } from "node:http";
import { once } from "node:events";
import { Provider } from "oidc-provider";

const { client, redirect, jwks, keys, acr, person } = JSON.parse(process.argv[2]);

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  acrValues: ["urn:example:high", "urn:example:substantial"],
  claims: {
    acr: null, auth_time: null, iss: null, sid: null,
    openid: ["sub"],
    profile: ["given_name", "family_name", "birthdate", "national_number"],
  },
  clients: [{
    client_id: client,
    redirect_uris: [redirect],
    response_types: ["code"],
    grant_types: ["authorization_code"],
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "ES256",
    id_token_signed_response_alg: "ES256",
    subject_type: "pairwise",
    jwks,
  }],
  conformIdTokenClaims: true,
  cookies: { keys: ["only for this test"] },
  features: {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
  },
  findAccount: async (_context, sub) => ({ accountId: sub, claims: async () => ({ sub, ...person }) }),
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  jwks: keys,
  pairwiseIdentifier: async (_context, accountId, asking) => `${asking.clientId}-${accountId}`,
  pkce: { required: () => true },
  subjectTypes: ["pairwise"],
});

const answer = provider.callback();
server.on("request", async (request, response) => {
  if (!request.url.startsWith("/interaction/")) return answer(request, response);
  const { prompt, params, grantId, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    const login = { accountId: "erika", ...(acr ? { acr } : {}) };
    return provider.interactionFinished(request, response, { login });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope("openid profile");
  grant.addOIDCClaims(["given_name", "family_name", "birthdate", "national_number"]);
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
});

console.log(JSON.stringify({ issuer }));
