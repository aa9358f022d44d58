// Cryptosuites of Digital Bazaar by name; the tests ask for them by that name.
import { createSignCryptosuite as signEcdsa, createVerifyCryptosuite as verifyEcdsa } from "@digitalbazaar/ecdsa-jcs-2019-cryptosuite";
import { createSignCryptosuite as signEddsa, createVerifyCryptosuite as verifyEddsa } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import * as EcdsaMultikey from "@digitalbazaar/ecdsa-multikey";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";

export const SUITES = {
  "eddsa-jcs-2022": {
    sign: signEddsa, verify: verifyEddsa, algorithm: { name: "Ed25519" }, curve: "Ed25519",
    generate: (names) => Ed25519Multikey.generate(names),
  },
  "ecdsa-jcs-2019": {
    sign: signEcdsa, verify: verifyEcdsa, algorithm: { name: "ECDSA", hash: "SHA-256" }, curve: "P-256",
    generate: (names) => EcdsaMultikey.generate({ ...names, curve: "P-256" }),
  },
};
