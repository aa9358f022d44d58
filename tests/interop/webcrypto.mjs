// A verifier in forty lines of WebCrypto and `canonicalize`: the same file in Node and in a browser.
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

const bytes = (number, length) => Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * (length - 1 - i))) & 255n));
const number = (data) => data.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
const base64url = (data) => btoa(String.fromCharCode(...data)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export function base58(text) {
  if (text[0] !== "z") throw new Error("not base58btc");
  const digits = [...text.slice(1)].map((letter) => BigInt(ALPHABET.indexOf(letter)));
  const value = digits.reduce((sum, digit) => sum * 58n + digit, 0n);
  const zeros = text.slice(1).match(/^1*/)[0].length;
  const length = Math.ceil(value.toString(16).length / 2);
  return new Uint8Array([...new Uint8Array(zeros), ...(value ? bytes(value, length) : [])]);
}

function power(base, exponent) {
  let result = 1n;
  for (base %= P; exponent; exponent >>= 1n, base = (base * base) % P) if (exponent & 1n) result = (result * base) % P;
  return result;
}

// A compressed point of P-256 as the two coordinates that JWK wants.
function decompress(point) {
  const x = number(point.subarray(1));
  const root = power((((x * x - 3n) * x + B) % P + P) % P, (P + 1n) / 4n);
  const y = (root & 1n) === BigInt(point[0] & 1) ? root : P - root;
  return { x: base64url(bytes(x, 32)), y: base64url(bytes(y, 32)) };
}

const SUITES = {
  "eddsa-jcs-2022": { algorithm: { name: "Ed25519" }, jwk: (raw) => ({ kty: "OKP", crv: "Ed25519", x: base64url(raw) }) },
  "ecdsa-jcs-2019": {
    algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, jwk: (raw) => ({ kty: "EC", crv: "P-256", ...decompress(raw) }),
  },
};

// { text, keys } → { verified, error }: one proof by a key that was given, and nothing asked of the document but its signature
export async function verify({ text, keys }, { canonicalize, subtle }) {
  const { proof, ...document } = JSON.parse(text);
  const { proofValue, ...config } = proof;
  const found = keys.find(({ id }) => id === proof.verificationMethod);
  if (found === undefined) return { verified: false, error: "unknown key" };
  const { algorithm, jwk } = SUITES[proof.cryptosuite];
  const sha256 = async (value) => new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(canonicalize(value))));
  const message = new Uint8Array([...(await sha256(config)), ...(await sha256(document))]);
  const key = await subtle.importKey("jwk", jwk(base58(found.publicKeyMultibase).subarray(2)), algorithm, false, ["verify"]);
  return { verified: await subtle.verify(algorithm, key, base58(proofValue), message), error: "" };
}
