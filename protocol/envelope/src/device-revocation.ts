import { DecodeError } from "@qpc/wire"
import { personStatements } from "./person-statement.ts"
import type { DeviceCrypto, PersonStatement, Signed } from "./person-statement.ts"

/** What a person says to take a device back: whoever has this key is not me any more. It holds for ever. */
interface RevocationStatement extends PersonStatement {
  /** When it was said, Unix milliseconds; for people. */
  readonly revokedAtMs: number
}

/** The statement and the signature of the identity key under it. */
export type DeviceRevocation = Signed<RevocationStatement>

/** What is added: revoked at u64 ms. */
const revocations = personStatements<RevocationStatement>({
  label: "quicprochat device revocation\0",
  writeRest: (writer, { revokedAtMs }) => void writer.uint64(BigInt(revokedAtMs)),
  readRest: (reader, about) => {
    const start = reader.offset
    const revokedAtMs = Number(reader.uint64())
    if (!Number.isSafeInteger(revokedAtMs)) throw new DecodeError("bad_value", start)
    return { ...about, revokedAtMs }
  },
})

/** Signs a revocation with the private half of the person's identity key, which is borrowed. @throws RangeError for no time */
export function revokeDevice(
  crypto: Pick<DeviceCrypto, "sign">,
  privateKey: Uint8Array,
  statement: RevocationStatement,
): Uint8Array {
  return revocations.sign(crypto, privateKey, statement)
}

/** Reads a revocation without believing it; `undefined` for bytes that are none. Copies. */
export function readDeviceRevocation(bytes: Uint8Array): DeviceRevocation | undefined {
  return revocations.read(bytes)
}

/** True if the person whom it names has signed it. */
export function verifyDeviceRevocation(crypto: Pick<DeviceCrypto, "verify">, revocation: DeviceRevocation): boolean {
  return revocations.verify(crypto, revocation)
}
