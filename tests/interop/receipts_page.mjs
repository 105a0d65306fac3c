// Runs the first script of the page of receipts. Takes a JSON object with that script and what to
// do with it, gives what came of each; bytes are base64.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const { script, keys, leaves, answers, withoutEd25519 } = JSON.parse(readFileSync(0));

if (withoutEd25519) {
  const { importKey } = crypto.subtle;
  crypto.subtle.importKey = async (format, key, algorithm, ...rest) => {
    if (algorithm.name === "Ed25519") throw new DOMException("Unrecognized name.", "NotSupportedError");
    return importKey.call(crypto.subtle, format, key, algorithm, ...rest);
  };
}

const page = vm.runInThisContext(`(() => {${script}\nreturn { explained, keyOf, leafOf, Mistyped }; })()`);

async function typed(parse, text) {
  try {
    return await parse(text);
  } catch (error) {
    if (!(error instanceof page.Mistyped)) throw error;
    return { mistyped: error.message };
  }
}

const known = new Map();
async function keyOf(text) {
  if (!known.has(text)) known.set(text, await page.keyOf(text));
  return known.get(text);
}

const explained = [];
for (const { status, proof, leaf, key } of answers) {
  const raw = new Uint8Array(Buffer.from(proof, "base64"));
  const { kind, title, lines } = await page.explained({ status, raw }, leaf, await keyOf(key));
  explained.push({ kind, title, lines });
}
const named = async (text) => {
  const found = await typed(page.keyOf, text);
  return found && (found.mistyped ? found : { name: found.name });
};
console.log(JSON.stringify({
  keys: await Promise.all(keys.map(named)),
  leaves: await Promise.all(leaves.map((text) => typed(page.leafOf, text))),
  explained,
}));
