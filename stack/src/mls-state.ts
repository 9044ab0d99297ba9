import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { Group, keyPackageBundleFromBytes, StateVersionError } from "@qpc/mls"
import type { KeyPackageBundle } from "@qpc/mls"
import { decodeWhole, DecodeError, encode, fromUtf8, readOptional, toUtf8 } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { StackError } from "./stack-error.ts"

const STATE_VERSION = 2
/** The one before runs were counted. */
const UNCOUNTED_VERSION = 1

/** What a stored MLS context comes back as. Owned. */
export interface StoredMls {
  readonly identity: string
  readonly memberId: number | undefined
  readonly signatureKeys: KeyPair
  readonly bundle: KeyPackageBundle | undefined
  readonly group: Group
  /** Of the run that stored it. */
  readonly run: number
}

/**
 * Everything there is of a context, **private keys included**: version u8 = 2 · cipher suite u16 · identity · member id (optional
 * u32) · signature key pair · key package with its private keys (optional) · group · run u32. Variable parts are vectors.
 */
export function encodeMlsState(suite: CipherSuite, stored: StoredMls): Uint8Array {
  const { identity, memberId, signatureKeys, bundle, group, run } = stored
  const parts = [bundle?.toBytes(), group.toBytes()] as const
  const bytes = encode((writer) => {
    writer.uint8(STATE_VERSION).uint16(suite.id).vector(toUtf8(identity))
    writer.optional(memberId, (inner, id) => inner.uint32(id))
    writer.vector(signatureKeys.publicKey).vector(signatureKeys.privateKey)
    writer.optional(parts[0], (inner, part) => inner.vector(part))
    writer.vector(parts[1]).uint32(run)
  })
  for (const part of parts) part?.fill(0)
  return bytes
}

/** @throws StackError `bad_state` for anything that {@link encodeMlsState} did not write */
export function decodeMlsState(suite: CipherSuite, bytes: Uint8Array): StoredMls {
  try {
    return decodeWhole(bytes, (reader) => readMlsState(suite, reader))
  } catch (error) {
    if (error instanceof StateVersionError) {
      throw new StackError("bad_state", "a newer version wrote this state: update the library", { cause: error })
    }
    if (error instanceof DecodeError || error instanceof RangeError) {
      throw new StackError("bad_state", "this is not a whole state that exportState() wrote", { cause: error })
    }
    throw error
  }
}

function readMlsState(suite: CipherSuite, reader: Reader): StoredMls {
  const version = reader.uint8()
  if (version !== STATE_VERSION && version !== UNCOUNTED_VERSION) throw new DecodeError("reserved_value", 0)
  if (reader.uint16() !== suite.id) throw new DecodeError("bad_value", 1)
  const identity = fromUtf8(reader.vector())
  if (identity === undefined) throw new DecodeError("bad_value", reader.offset)
  const memberId = readOptional(reader, (inner) => inner.uint32())
  const signatureKeys = { publicKey: reader.vector().slice(), privateKey: reader.vector().slice() }
  const bundle = readOptional(reader, (inner) => keyPackageBundleFromBytes(suite, inner.vector()))
  const group = Group.fromBytes(suite, reader.vector(), { signatureKeys })
  const run = version === UNCOUNTED_VERSION ? 0 : reader.uint32()
  return { identity, memberId, signatureKeys, bundle, group, run }
}
