// One step of RFC 9474 by @cloudflare/blindrsa-ts: takes a JSON object, gives one; bytes are hex.
import { RSABSSA } from "@cloudflare/blindrsa-ts";

const suite = RSABSSA.SHA384.PSS.Randomized();
const algorithm = { name: "RSA-PSS", hash: "SHA-384" };
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (octets) => Buffer.from(octets).toString("hex");
const publicKey = (der) =>
  crypto.subtle.importKey("spki", bytes(der), algorithm, true, ["verify"]);
const privateKey = (der) =>
  crypto.subtle.importKey("pkcs8", bytes(der), algorithm, true, ["sign"]);

const steps = {
  async blind({ key, message }) {
    const prepared = suite.prepare(bytes(message));
    const { blindedMsg, inv } = await suite.blind(await publicKey(key), prepared);
    return { prepared: hex(prepared), blinded: hex(blindedMsg), inverse: hex(inv) };
  },
  async sign({ key, blinded }) {
    return { signature: hex(await suite.blindSign(await privateKey(key), bytes(blinded))) };
  },
  async finalize({ key, prepared, signature, inverse }) {
    const found = await suite.finalize(
      await publicKey(key), bytes(prepared), bytes(signature), bytes(inverse));
    return { signature: hex(found) };
  },
  async verify({ key, prepared, signature }) {
    const verifies = await suite.verify(
      await publicKey(key), bytes(signature), bytes(prepared));
    return { verifies };
  },
};

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { step, ...parts } = JSON.parse(text);
console.log(JSON.stringify(await steps[step](parts)));
