// An independent verifier: node:crypto and a JCS of its own (enough for documents without floats).
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const jcs = (v) =>
  Array.isArray(v) ? `[${v.map(jcs)}]`
  : v && typeof v === "object" ? `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${jcs(v[k])}`)}}`
  : JSON.stringify(v);
const sha256 = (text) => createHash("sha256").update(text).digest();
const base58 = (text) => {
  let n = [...text.slice(1)].reduce((sum, c) => sum * 58n + BigInt(ALPHABET.indexOf(c)), 0n).toString(16);
  return Buffer.from("00".repeat(text.slice(1).match(/^1*/)[0].length) + (n.length % 2 ? "0" + n : n), "hex");
};

const { proof, ...document } = JSON.parse(readFileSync(0, "utf8"));
const { proofValue, ...config } = proof;
const x = base58(proof.verificationMethod.split("#")[1]).subarray(2).toString("base64url");
const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
const good = verify(null, Buffer.concat([sha256(jcs(config)), sha256(jcs(document))]), key, base58(proofValue));
console.log(good && key.asymmetricKeyType === "ed25519" ? "verified" : "refused");
