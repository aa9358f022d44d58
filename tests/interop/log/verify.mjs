// Verifies checkpoint and inclusion with @sigstore/verify, which knows nothing of this project.
// Standard input: {publicKey (PEM), keyId, origin, entry, index, path, checkpoint}; hashes and key id in Base64.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const { crypto } = require("@sigstore/core");
const { verifyTLogInclusion } = require(join(dirname(require.resolve("@sigstore/verify")), "tlog"));

const q = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64");
const log = {
  logID: bytes(q.keyId),
  publicKey: crypto.createPublicKey(q.publicKey),
  baseURL: `https://${q.origin}`,
  validFor: { start: new Date(0), end: new Date(8.64e15) },
};
const entry = {
  logIndex: String(q.index),
  logId: { keyId: bytes(q.keyId) },
  canonicalizedBody: Buffer.from(q.entry),
  inclusionProof: { logIndex: String(q.index), hashes: q.path.map(bytes), checkpoint: { envelope: q.checkpoint } },
};
try {
  verifyTLogInclusion(entry, [log]);
  console.log("verified");
} catch (error) {
  console.log(`refused: ${error.message}`);
}
