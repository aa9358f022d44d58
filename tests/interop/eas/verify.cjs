// What the EAS SDK says of a delegation and of encoded data: JSON in, JSON out.
const { Delegated, SchemaEncoder, SchemaRegistry } = require("@ethereum-attestation-service/eas-sdk");

const { delegation, attester, schema } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { domain, types, primaryType, message, signature } = delegation;
const big = (value, names) => Object.fromEntries(
  Object.entries(value).map(([name, item]) => [name, names.includes(name) ? BigInt(item) : item])
);
const response = {
  domain: { ...domain, chainId: BigInt(domain.chainId) }, types, primaryType, signature,
  message: big(message, ["expirationTime", "value", "nonce", "deadline"]),
};
const verifier = new Delegated({
  address: domain.verifyingContract, version: domain.version, chainId: BigInt(domain.chainId),
});
let verified;
try {
  verified = verifier.verifyDelegatedAttestationSignature(attester, response);
} catch (error) {
  verified = `${error.constructor.name}`;
}
const decoded = new SchemaEncoder(schema).decodeData(message.data);
process.stdout.write(JSON.stringify({
  verified,
  uid: SchemaRegistry.getSchemaUID(schema, "0x" + "0".repeat(40), true),
  values: Object.fromEntries(decoded.map((item) => [item.name, String(item.value.value)])),
}));
