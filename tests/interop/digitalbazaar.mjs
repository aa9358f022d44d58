// Digital Bazaar's libraries: verify, sign, and read a status list, with a document loader that knows nothing but what it is given.
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import { contexts } from "@digitalbazaar/credentials-context";
import { checkStatus, createCredential, createList } from "@digitalbazaar/vc-bitstring-status-list";
import * as vc from "@digitalbazaar/vc";
import { SUITES } from "./suites.mjs";

const MULTIKEY = "https://w3id.org/security/multikey/v1";

const method = ({ id, publicKeyMultibase }) => ({ id, type: "Multikey", controller: id.split("#")[0], publicKeyMultibase });

const loader = ({ keys, lists = [], context }) => async (url) => {
  const key = keys.find(({ id }) => id === url);
  const own = keys.filter(({ id }) => id.split("#")[0] === url);
  const list = lists.find(({ id }) => id === url);
  const document =
    url === "urn:mrv:context:v1" ? context
    : contexts.has(url) ? contexts.get(url)
    : key ? { "@context": MULTIKEY, ...method(key) }
    : own.length ? { "@context": ["https://www.w3.org/ns/did/v1", MULTIKEY], id: url, assertionMethod: own.map(method) }
    : list ? structuredClone(list)
    : undefined;
  if (document === undefined) throw new Error(`not given: ${url}`);
  return { contextUrl: null, documentUrl: url, document };
};

const suites = () => Object.values(SUITES).map(({ verify }) => new DataIntegrityProof({ cryptosuite: verify() }));

const told = (error) => [error?.message, ...(error?.errors ?? []).map((e) => e.message)].filter(Boolean).join("; ");

// { text, keys, context, now, lists? } → { verified, error }; where lists are given, the status is asked too
export async function verify({ text, now, ...given }) {
  const documentLoader = loader(given);
  const status = given.lists === undefined ? async () => ({ verified: true }) : checkStatus;
  const credential = JSON.parse(text);
  const result = await vc.verifyCredential({ credential, suite: suites(), documentLoader, checkStatus: status, now });
  const bits = Object.fromEntries(
    (result.statusResult?.results ?? []).map(({ credentialStatus, status: bit }) => [credentialStatus.statusPurpose, bit]));
  return { verified: result.verified, error: told(result.error), bits };
}

// { credential, suite, controller, created, context } → { signed, key }
export async function sign({ credential, suite, controller, created, context, now }) {
  const pair = await SUITES[suite].generate({ controller });
  const key = { id: pair.id, publicKeyMultibase: pair.publicKeyMultibase };
  const proof = new DataIntegrityProof({ signer: pair.signer(), cryptosuite: SUITES[suite].sign(), date: created });
  const issuer = credential.issuer ?? controller;
  const signed = await vc.issue({ credential: { ...credential, issuer }, suite: proof, documentLoader: loader({ keys: [key], context }), now });
  return { signed, key };
}

// { id, purpose, ones, length } → a status list credential without issuer, period and proof
export async function list({ id, purpose, ones, length }) {
  const made = await createList({ length });
  for (const index of ones) made.setStatus(index, true);
  return createCredential({ id, list: made, statusPurpose: purpose });
}
