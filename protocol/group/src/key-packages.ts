import type { CipherSuite, KeyPair } from "@qpc/crypto"
import {
  addressOfWelcome,
  cipherSuiteOfBundle,
  createKeyPackage,
  EXTENSION_TYPES,
  findExtension,
  keyPackageBundleFromBytes as mlsBundleFromBytes,
  validateKeyPackage,
} from "@qpc/mls"
import type { KeyPackageBundle, KeyPackageReason } from "@qpc/mls"
import { DecodeError } from "@qpc/wire"
import type { DeviceKey, IdentityKey, Random } from "@qpc/wire"
import { credentialOf, deviceValidator } from "./device-credential.ts"
import { OUR_EXTENSIONS } from "./group-profile.ts"
import { deviceOf, knownDevice } from "./roster.ts"
import { isSuiteOfGroups } from "./suite-rules.ts"

export type { KeyPackageBundle } from "@qpc/mls"

/** What {@link createKeyPackages} needs. */
export interface KeyPackageOptions {
  readonly suite: CipherSuite
  /** The device's Ed25519 key pair. Borrowed for the call. */
  readonly device: KeyPair
  /** What makes `device` one of a person's; see `certifyDevice`. Without it the device's key is the person's identity key. */
  readonly certificate?: Uint8Array
  readonly random: Random
  readonly nowMs: number
  /** 1 to 1000. */
  readonly count: number
  /** How long the packages may be used. Default 24 hours. */
  readonly lifetimeMs?: number
  /** May be used more than once, when the stock has run out (RFC 9420 §16.8). Default false. */
  readonly lastResort?: boolean
}

/** What {@link inspectKeyPackage} found. */
export type InspectedKeyPackage =
  | {
      readonly kind: "valid"
      readonly identityKey: IdentityKey
      readonly deviceKey: DeviceKey
      readonly ref: Uint8Array
      /** It may have been given to others as well (RFC 9420 §16.8). */
      readonly isLastResort: boolean
    }
  | { readonly kind: "rejected"; readonly reason: KeyPackageReason }

const COUNT_MAX = 1000
const DEFAULT_LIFETIME_MS = 24 * 3_600_000

/**
 * Makes key packages to publish: one per group that we are going to be invited into. Store the bundles before the packages
 * leave.
 *
 * @throws RangeError for another `count`, or a certificate that is not the device's
 */
export function createKeyPackages(options: KeyPackageOptions): readonly KeyPackageBundle[] {
  const { suite, device, random, nowMs, count } = options
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX)
    throw new RangeError(`not 1 to ${COUNT_MAX}: ${count}`)
  const credential = credentialOf(device, options.certificate)
  if (deviceOf({ credential, signatureKey: device.publicKey }) === undefined) {
    throw new RangeError("the certificate is not the device's")
  }
  return Array.from({ length: count }, () =>
    createKeyPackage({
      suite,
      credential,
      signatureKeys: device,
      random,
      nowMs,
      lifetimeMs: options.lifetimeMs ?? DEFAULT_LIFETIME_MS,
      lastResort: options.lastResort ?? false,
      capabilities: { extensions: OUR_EXTENSIONS },
    }),
  )
}

/** Restores what {@link KeyPackageBundle.toBytes} stored, in whichever of these suites it is. @throws DecodeError for anything else */
export function keyPackageBundleFromBytes(suites: readonly CipherSuite[], bytes: Uint8Array): KeyPackageBundle {
  let failure: unknown = new RangeError("no cipher suite")
  for (const suite of suites) {
    try {
      return mlsBundleFromBytes(suite, bytes)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      failure = error
    }
  }
  throw failure
}

/**
 * True for a stored bundle of a cipher suite that groups may have and this program has not: one of before, on a machine that had
 * it. It is whole as far as anybody can tell, and a later program can use it.
 */
export function isOfMissingSuite(suites: readonly CipherSuite[], bytes: Uint8Array): boolean {
  const suiteId = cipherSuiteOfBundle(bytes)
  return suiteId !== undefined && isMissing(suites, suiteId)
}

/**
 * The references of all key packages that a Welcome is made for, where it leads into a group of a suite that groups may have and this program
 * has not; none for every other. Total for foreign bytes; nothing in them is authentic.
 */
export function addresseesOfMissingSuite(suites: readonly CipherSuite[], welcome: Uint8Array): readonly Uint8Array[] {
  const address = addressOfWelcome(welcome)
  return address !== undefined && isMissing(suites, address.cipherSuite) ? address.keyPackageRefs : []
}

/** True for a cipher suite that groups may have and this program has not. */
export function isMissing(suites: readonly CipherSuite[], suiteId: number): boolean {
  return isSuiteOfGroups(suiteId) && !suites.some(({ id }) => id === suiteId)
}

/**
 * Says whose key package this is, for which of their devices, and whether it may be invited with now. Compare the identity key with the one pinned
 * for the contact: the server that handed the package out is not trusted with that.
 */
export function inspectKeyPackage(suite: CipherSuite, keyPackage: Uint8Array, nowMs: number): InspectedKeyPackage {
  const validated = validateKeyPackage(suite, keyPackage, nowMs, { credentialValidator: deviceValidator(suite) })
  if (validated.kind === "rejected") return validated
  const { identityKey, deviceKey } = knownDevice(validated)
  const isLastResort = findExtension(validated.keyPackage.extensions, EXTENSION_TYPES.lastResort) !== undefined
  return { kind: "valid", identityKey, deviceKey, ref: validated.ref, isLastResort }
}
