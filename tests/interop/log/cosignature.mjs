// Verifies a cosignature/v1 with node:crypto alone, from the words of the specification.
// Standard input: {name, publicKey (Base64, raw), note}.  Prints the witness's time, or "refused".
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const { name, publicKey, note } = JSON.parse(readFileSync(0, "utf8"));
const raw = Buffer.from(publicKey, "base64");
const keyId = createHash("sha256").update(`${name}\n`).update(Buffer.from([0x04])).update(raw).digest().subarray(0, 4);
const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") } });
const end = note.lastIndexOf("\n\n") + 1;
const line = note.slice(end + 1).split("\n").find((one) => one.startsWith(`— ${name} `));
const blob = Buffer.from(line.split(" ")[2], "base64");
const time = blob.readBigUInt64BE(4);
const message = Buffer.from(`cosignature/v1\ntime ${time}\n${note.slice(0, end)}`);
const good = blob.length === 76 && blob.subarray(0, 4).equals(keyId) && verify(null, message, key, blob.subarray(12));
console.log(good ? String(time) : "refused");
