import type { GroupName } from "./dh-groups.ts"
import { DH_GROUPS } from "./dh-groups.ts"
import { DhKem } from "./dhkem.ts"
import type { EddsaName } from "./eddsa.ts"
import type { SuiteParts } from "./make-suite.ts"
import type { NistCurveName } from "./nist-curves.ts"
import type { Aead, AeadName, DhGroup, HashFunction, HashName, SignatureScheme } from "./primitives.ts"

/** A NIST curve stands for ECDSA over it, with the hash of its strength. */
export type SignatureName = EddsaName | NistCurveName

/** One row of the registry (RFC 9420 §17.1). DHKEM, HPKE and MLS use one hash in each of them. */
export interface SuiteSpec {
  readonly id: number
  readonly name: string
  readonly group: GroupName
  readonly aead: AeadName
  readonly hash: HashName
  readonly signature: SignatureName
}

/** Where a platform keeps its primitives. */
export interface Platform {
  hash(name: HashName): HashFunction
  aead(name: AeadName): Aead
  group(name: GroupName): DhGroup
  signature(name: SignatureName): SignatureScheme
}

/** All cipher suites of RFC 9420 §17.1, by code point. */
export const SUITE_SPECS: ReadonlyMap<number, SuiteSpec> = new Map(
  (
    [
      [0x0001, "128", "X25519", "AES-128-GCM", "SHA-256", "Ed25519"],
      [0x0002, "128", "P-256", "AES-128-GCM", "SHA-256", "P-256"],
      [0x0003, "128", "X25519", "ChaCha20-Poly1305", "SHA-256", "Ed25519"],
      [0x0004, "256", "X448", "AES-256-GCM", "SHA-512", "Ed448"],
      [0x0005, "256", "P-521", "AES-256-GCM", "SHA-512", "P-521"],
      [0x0006, "256", "X448", "ChaCha20-Poly1305", "SHA-512", "Ed448"],
      [0x0007, "256", "P-384", "AES-256-GCM", "SHA-384", "P-384"],
    ] as const
  ).map(([id, bits, group, aead, hash, signature]) => [
    id,
    { id, name: nameOf(bits, group, aead, hash, signature), group, aead, hash, signature },
  ]),
)

/** @throws RangeError for a code point that RFC 9420 does not assign */
export function suiteSpecOf(id: number): SuiteSpec {
  const spec = SUITE_SPECS.get(id)
  if (spec === undefined) throw new RangeError(`RFC 9420 has no cipher suite ${id}`)
  return spec
}

/** What a suite of RFC 9420 is made of on a platform. */
export function suitePartsOf(spec: SuiteSpec, platform: Platform): SuiteParts {
  const { id, name, group, hash, aead, signature } = spec
  return {
    id,
    name,
    hash: platform.hash(hash),
    aead: platform.aead(aead),
    kem: dhKemOf(group, platform),
    signature: platform.signature(signature),
  }
}

/** DHKEM over a group, with the hash that RFC 9180 §7.1 gives it. */
export function dhKemOf(group: GroupName, platform: Platform): DhKem {
  return new DhKem(platform.group(group), platform.hash(DH_GROUPS[group].hash))
}

/** The registered name, such as `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519`. */
function nameOf(bits: string, ...[group, aead, hash, signature]: readonly string[]): string {
  const words = [`DHKEM${group}`, aead?.toUpperCase(), hash, signature].map((word) => word?.replaceAll("-", ""))
  return ["MLS", bits, ...words].join("_")
}
