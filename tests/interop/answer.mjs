// Questions in, answers out: a JSON array of { ask, …arguments } on standard input, one answer each on standard output.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import canonicalize from "canonicalize";
import { list, sign, verify } from "./digitalbazaar.mjs";
import { verify as plain } from "./webcrypto.mjs";

const ASK = {
  digitalbazaar: verify, sign, list,
  "node and canonicalize": (question) => plain(question, { canonicalize, subtle: webcrypto.subtle }),
};

const answers = [];
for (const { ask, ...question } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push(await ASK[ask](question));
  } catch (error) {
    answers.push({ verified: false, error: String(error.message) });
  }
}
console.log(JSON.stringify(answers));
