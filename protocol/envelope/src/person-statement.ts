import {
  decodedOrUndefined,
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  IDENTITY_KEY_BYTES,
  toDeviceKey,
  toIdentityKey,
  toUtf8,
} from "@qpc/wire"
import type { DeviceKey, IdentityKey, Reader, Writer } from "@qpc/wire"

/** Ed25519, whatever the suite of a group: identity keys are the same in all of them. A `CipherSuite` of ours will do. */
export interface DeviceCrypto {
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** Who states something, and about which device. */
export interface PersonStatement {
  readonly identityKey: IdentityKey
  readonly deviceKey: DeviceKey
}

/** A statement with the signature of the identity key under it. */
export type Signed<S extends PersonStatement> = S & { readonly signature: Uint8Array }

/** How statements of one kind are written. */
interface StatementKind<S extends PersonStatement> {
  /**
   * Stands before what is signed, so that nothing which is signed for one purpose can be taken for the other. The identity key also
   * signs as a device of MLS: its messages there begin with a length and "MLS 1.0 " (RFC 9420 §5.1.2).
   */
  readonly label: string
  /** Writes what stands behind the two keys. */
  readonly writeRest: (writer: Writer, statement: S) => void
  /** @throws DecodeError */
  readonly readRest: (reader: Reader, about: PersonStatement) => S
}

/** How statements of one kind are made and read. */
interface PersonStatements<S extends PersonStatement> {
  /** @param privateKey - the private half of the person's identity key; borrowed */
  sign(crypto: Pick<DeviceCrypto, "sign">, privateKey: Uint8Array, statement: S): Uint8Array
  /** Reads a statement without believing it; `undefined` for bytes that are none. Copies. */
  read(bytes: Uint8Array): Signed<S> | undefined
  /** True if the person whom it names has signed it. */
  verify(crypto: Pick<DeviceCrypto, "verify">, statement: Signed<S>): boolean
}

const VERSION = 1
/** Ed25519. */
const SIGNATURE_BYTES = 64

/**
 * What a person says of one of their devices, with the signature of their identity key: version u8 = 1 · identity key 32 B · device
 * key 32 B · what this kind of statement adds · signature 64 B.
 */
export function personStatements<S extends PersonStatement>(kind: StatementKind<S>): PersonStatements<S> {
  const label = toUtf8(kind.label)
  const write = (writer: Writer, statement: S): Writer => {
    writer.uint8(VERSION).bytes(statement.identityKey).bytes(statement.deviceKey)
    kind.writeRest(writer, statement)
    return writer
  }
  const signedContent = (statement: S): Uint8Array => encode((writer) => void write(writer.bytes(label), statement))
  const readSigned = (reader: Reader): Signed<S> => {
    if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
    const identityKey = toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice())
    const deviceKey = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
    const statement = kind.readRest(reader, { identityKey, deviceKey })
    return { ...statement, signature: reader.bytes(SIGNATURE_BYTES).slice() }
  }
  return {
    sign: (crypto, privateKey, statement) => {
      const signature = crypto.sign(privateKey, signedContent(statement))
      return encode((writer) => void write(writer, statement).bytes(signature))
    },
    read: (bytes) => decodedOrUndefined(() => decodeWhole(bytes, readSigned)),
    verify: (crypto, statement) => crypto.verify(statement.identityKey, signedContent(statement), statement.signature),
  }
}
