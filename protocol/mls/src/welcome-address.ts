import { DecodeError } from "@qpc/wire"
import { decodeMlsMessage } from "./mls-message.ts"

/** Whom a Welcome is for, as it says in the clear (RFC 9420 §12.4.3.1). */
export interface WelcomeAddress {
  /** The cipher suite of the group: its code point. */
  readonly cipherSuite: number
  /** KeyPackageRefs of those who were added. Views. */
  readonly keyPackageRefs: readonly Uint8Array[]
}

/**
 * Reads whom a Welcome is for, also in a cipher suite that we do not have. Nothing of it is authentic.
 *
 * @param message - MLSMessage. Borrowed.
 * @returns `undefined` for anything else than a Welcome. Total for foreign bytes
 */
export function addressOfWelcome(message: Uint8Array): WelcomeAddress | undefined {
  try {
    const decoded = decodeMlsMessage(message)
    if (decoded.kind !== "welcome") return undefined
    const { cipherSuite, secrets } = decoded.message
    return { cipherSuite, keyPackageRefs: secrets.map(({ newMember }) => newMember) }
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
