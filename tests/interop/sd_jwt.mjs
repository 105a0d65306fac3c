// One step of an SD-JWT VC by @sd-jwt/sd-jwt-vc: takes a JSON object, gives one.
import { createHash, randomBytes } from "node:crypto";
import { StatusList, createHeaderAndPayload } from "@sd-jwt/jwt-status-list";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const curve = { name: "ECDSA", namedCurve: "P-256" };
const algorithm = { name: "ECDSA", hash: "SHA-256" };
const base64url = (octets) => Buffer.from(octets).toString("base64url");

async function signer(jwk) {
  const key = await crypto.subtle.importKey("jwk", jwk, curve, false, ["sign"]);
  return async (text) => base64url(await crypto.subtle.sign(algorithm, key, Buffer.from(text)));
}

async function verified(jwk, text, signature) {
  const key = await crypto.subtle.importKey("jwk", jwk, curve, false, ["verify"]);
  const octets = Buffer.from(signature, "base64url");
  return crypto.subtle.verify(algorithm, key, octets, Buffer.from(text));
}

const common = {
  hasher: (data, name) => createHash(name.replace("-", "")).update(data).digest(),
  hashAlg: "sha-256",
  saltGenerator: (length) => base64url(randomBytes(length)),
  signAlg: "ES256",
  kbSignAlg: "ES256",
};

const steps = {
  async issue({ key, payload, disclosed }) {
    const issuer = new SDJwtVcInstance({ ...common, signer: await signer(key) });
    return { issued: await issuer.issue(payload, { _sd: disclosed, _sd_decoy: 3 }) };
  },
  async present({ key, issued, names, bound }) {
    const holder = new SDJwtVcInstance({ ...common, kbSigner: await signer(key) });
    const frame = Object.fromEntries(names.map((name) => [name, true]));
    return { presented: await holder.present(issued, frame, { kb: { payload: bound } }) };
  },
  async revoke({ key, uri, iat, exp, revoked, bits }) {
    const list = new StatusList(new Array(1024).fill(0), bits);
    for (const index of revoked) list.setStatus(index, 1);
    const made = createHeaderAndPayload(
      list, { sub: uri, iat, exp }, { alg: "ES256", typ: "statuslist+jwt" });
    const parts = [made.header, made.payload].map((part) => base64url(JSON.stringify(part)));
    const signature = await (await signer(key))(parts.join("."));
    return { list: [...parts, signature].join(".") };
  },
  async verify({ key, presented, nonce, at, list }) {
    const verifier = new SDJwtVcInstance({
      ...common,
      verifier: (text, signature) => verified(key, text, signature),
      kbVerifier: (text, signature, payload) => verified(payload.cnf.jwk, text, signature),
      statusListFetcher: async () => list,
    });
    try {
      const options = { keyBindingNonce: nonce, currentDate: at };
      return { claims: (await verifier.verify(presented, options)).payload };
    } catch (error) {
      return { refused: error.message };
    }
  },
};

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { step, ...parts } = JSON.parse(text);
console.log(JSON.stringify(await steps[step](parts)));
