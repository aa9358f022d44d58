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
const raw = base58(proof.verificationMethod.split("#")[1]).subarray(2);
const message = Buffer.concat([sha256(jcs(config)), sha256(jcs(document))]);
const P256 = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex"); // SubjectPublicKeyInfo, compressed point
const curved = raw.length === 33;
const key = curved
  ? createPublicKey({ format: "der", type: "spki", key: Buffer.concat([P256, raw]) })
  : createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") } });
const suite = curved ? "ecdsa-jcs-2019" : "eddsa-jcs-2022";
const good = curved
  ? verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, base58(proof.proofValue))
  : verify(null, message, key, base58(proof.proofValue));
console.log(good && proof.cryptosuite === suite ? "verified" : "refused");
